import { parseObject } from '../json.ts';
import { hashHex } from '../manifest.ts';

/** What a file's bytes must hash to: SHA-256 of them, or Git's SHA-1 of a blob of them. */
export interface Digest {
  readonly kind: 'sha256' | 'git';
  readonly hex: string;
}

export interface ListedFile {
  readonly size: number | null;
  readonly digest: Digest | null;
}

/** The files of one commit of a model. */
export interface Listing {
  readonly commit: string;
  readonly files: ReadonlyMap<string, ListedFile>;
}

const COMMIT = /^[0-9a-f]{40}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** The digest that an entity tag is, where it is one. */
export function digestOf(etag: string | null): Digest | null {
  const hex = etag?.replace(/^W\//, '').replaceAll('"', '') ?? '';
  return SHA256.test(hex) ? { kind: 'sha256', hex } : COMMIT.test(hex) ? { kind: 'git', hex } : null;
}

export function isCommit(value: unknown): value is string {
  return typeof value === 'string' && COMMIT.test(value);
}

const sizeOf = (value: unknown) => (Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null);

/** The hub's answer to `api/models/…?blobs=true`; null where it is of another shape. Large files have a SHA-256, small ones Git's hash. */
export function parseListing(bytes: Uint8Array): Listing | null {
  const { sha, siblings } = parseObject(bytes, 'api/models');
  if (!isCommit(sha) || !Array.isArray(siblings)) return null;
  const files = new Map<string, ListedFile>();
  for (const sibling of siblings as readonly (Record<string, unknown> | null)[]) {
    const { rfilename, size, blobId, lfs } = sibling ?? {};
    if (typeof rfilename !== 'string') return null;
    const large = typeof lfs === 'object' && lfs !== null ? (lfs as Record<string, unknown>) : null;
    const digest = large ? digestOf(String(large.sha256 ?? large.oid)) : digestOf(String(blobId));
    files.set(rfilename, { size: sizeOf(large?.size ?? size), digest });
  }
  return { commit: sha, files };
}

/** A listing as it is kept, in the hub's own shape. */
export function writeListing({ commit, files }: Listing): Uint8Array {
  const siblings = Array.from(files, ([rfilename, { size, digest }]) => ({
    rfilename,
    size,
    ...(digest?.kind === 'git' ? { blobId: digest.hex } : {}),
    ...(digest?.kind === 'sha256' ? { lfs: { sha256: digest.hex, size } } : {}),
  }));
  return new TextEncoder().encode(JSON.stringify({ sha: commit, siblings }));
}

/** What bytes hash to, in the digest's kind. */
export function hashAs(kind: Digest['kind'], bytes: Uint8Array): Promise<string> {
  if (kind === 'sha256') return hashHex('SHA-256', bytes);
  const head = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return hashHex('SHA-1', whole);
}
