import { WebspexError } from '../core/errors.ts';
import type { ModelSource, ProgressEvent } from './model.ts';

/** Lengths and hashes of a model folder's files. */
export interface Manifest {
  readonly format: 'webspex-model';
  readonly version: 1;
  readonly id: string;
  readonly revision: string;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/** SHA-256, hexadecimal. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('');
}

/** The folder's manifest.json, or null where it has none. @throws bad-file where it is not one. */
export async function readManifest(source: ModelSource): Promise<Manifest | null> {
  let bytes: Uint8Array;
  try {
    bytes = await source.read('manifest.json');
  } catch (error) {
    if (error instanceof WebspexError && error.code === 'not-found') return null;
    throw error;
  }
  let manifest: Manifest | undefined;
  try {
    manifest = JSON.parse(new TextDecoder().decode(bytes)) as Manifest;
  } catch {
    // falls through: what is not JSON is no manifest either
  }
  const files =
    manifest?.format === 'webspex-model' && manifest.version === 1 && typeof manifest.files === 'object'
      ? Object.values(manifest.files ?? {})
      : [];
  if (!manifest || files.length === 0 || !files.every((f) => Number.isSafeInteger(f?.bytes) && /^[0-9a-f]{64}$/.test(f?.sha256)))
    throw new WebspexError(
      'bad-file',
      'manifest.json: expected format webspex-model version 1 with bytes and sha256 of each file, got something else; remove it or restore it',
    );
  return manifest;
}

/** A file and its hash, checked against the manifest before anyone sees its bytes. @throws hash-mismatch, not-found. */
export async function readVerified(
  source: ModelSource,
  manifest: Manifest | null,
  file: string,
  onProgress?: (event: ProgressEvent) => void,
): Promise<{ bytes: Uint8Array; sha256: string }> {
  const bytes = await source.read(file, onProgress);
  const sha256 = await sha256Hex(bytes);
  const wanted = manifest && Object.hasOwn(manifest.files, file) ? manifest.files[file] : null;
  if (wanted && (wanted.bytes !== bytes.length || wanted.sha256 !== sha256))
    throw new WebspexError(
      'hash-mismatch',
      `${file}: expected ${wanted.bytes} bytes with SHA-256 ${wanted.sha256}, got ${bytes.length} with ${sha256}; download it again`,
    );
  return { bytes, sha256 };
}
