import { WebspexError } from '../core/errors.ts';
import { parseObject, shown } from './json.ts';
import type { ModelSource, ProgressEvent } from './model.ts';

/** Lengths and hashes of a model folder's files. */
export interface Manifest {
  readonly format: 'webspex-model';
  readonly version: 1;
  readonly id: string;
  readonly revision: string;
  readonly files: ReadonlyMap<string, { readonly bytes: number; readonly sha256: string }>;
}

/** What a model without a manifest is called: its folder, or its one file, on the hub with the folder that it is in. */
export function idOf({ id }: Pick<ModelSource, 'id'>, file?: string): string {
  return file === undefined ? id : id.includes('/') ? `${id}/${file}` : file;
}

/** A hash, hexadecimal. @throws insecure-context where the page may not hash. */
export async function hashHex(algorithm: 'SHA-1' | 'SHA-256', bytes: Uint8Array): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle)
    throw new WebspexError('insecure-context', 'model: expected a secure page to check files in, got plain http; use https or localhost');
  const digest = await subtle.digest(algorithm, bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('');
}

/** SHA-256, hexadecimal. @throws insecure-context where the page may not hash. */
export function sha256Hex(bytes: Uint8Array): Promise<string> {
  return hashHex('SHA-256', bytes);
}

function refuse(what: string): never {
  throw new WebspexError('bad-file', `manifest.json: ${what}; restore it, or remove it to load the folder unchecked`);
}

/** A manifest from its bytes. @throws bad-file naming the key that is wrong. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const { format, version, id, revision, files } = parseObject(bytes, 'manifest.json');
  if (format !== 'webspex-model' || version !== 1)
    refuse(`expected format "webspex-model" version 1, got ${shown(format)} version ${shown(version)}`);
  if (typeof id !== 'string' || typeof revision !== 'string')
    refuse(`expected a string for id and for revision, got ${shown(id)} and ${shown(revision)}`);
  if (typeof files !== 'object' || files === null || Object.keys(files).length === 0) refuse(`files: expected some, got ${shown(files)}`);
  const checked = Object.entries(files).map(([name, entry]: [string, { bytes?: unknown; sha256?: unknown } | null]) => {
    const { bytes: length, sha256 } = entry ?? {};
    if (!Number.isSafeInteger(length) || (length as number) < 0 || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
      refuse(`files ${shown(name)}: expected bytes and sha256 (64 lower-case hexadecimal digits), got ${shown(entry)}`);
    return [name, { bytes: length as number, sha256 }] as const;
  });
  return { format, version, id, revision, files: new Map(checked) };
}

/** The folder's manifest.json, or null where it has none. @throws bad-file where it is not one or cannot be read. */
export async function readManifest(source: ModelSource): Promise<Manifest | null> {
  try {
    return parseManifest(await source.read('manifest.json'));
  } catch (error) {
    if (error instanceof WebspexError && error.code === 'not-found') return null;
    throw error;
  }
}

/**
 * A file and its hash, checked against the manifest before anyone sees its bytes.
 * @throws hash-mismatch, not-found, bad-file where the manifest does not list the file.
 */
export async function readVerified(
  source: ModelSource,
  manifest: Manifest | null,
  file: string,
  onProgress?: (event: ProgressEvent) => void,
): Promise<{ bytes: Uint8Array; sha256: string }> {
  const wanted = manifest?.files.get(file);
  if (manifest && !wanted) refuse(`files: expected ${file} among them, got ${shown([...manifest.files.keys()].join(', '))}`);
  const bytes = await source.read(file, onProgress);
  const sha256 = await sha256Hex(bytes);
  if (wanted && (wanted.bytes !== bytes.length || wanted.sha256 !== sha256))
    throw new WebspexError(
      'hash-mismatch',
      `${file}: expected ${wanted.bytes} bytes with SHA-256 ${wanted.sha256}, got ${bytes.length} with ${sha256}; download it again`,
    );
  return { bytes, sha256 };
}
