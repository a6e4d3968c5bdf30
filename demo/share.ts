/** Text and settings that a link carries after #, which browsers do not send to servers. */
export interface Shared {
  readonly text: string;
  readonly target: string;
  readonly units: string;
  readonly mask: string;
  readonly method: string;
  readonly index: string;
  /** Exponent of two. */
  readonly budget: number;
}

const MOST = 20_000;

async function pump(bytes: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([bytes as BlobPart]).stream().pipeThrough(stream)).arrayBuffer());
}

/** base64url(deflate-raw(JSON)). */
export async function encodeLink(shared: Shared): Promise<string> {
  const packed = await pump(new TextEncoder().encode(JSON.stringify(shared)), new CompressionStream('deflate-raw'));
  return btoa(String.fromCharCode(...packed)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** What a location hash says, or null where it is not one of ours: a link is somebody else's data. */
export async function decodeLink(hash: string): Promise<Shared | null> {
  const match = /^#s=([A-Za-z0-9_-]{1,20000})$/.exec(hash);
  if (!match) return null;
  try {
    const packed = Uint8Array.from(atob(match[1].replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const given = JSON.parse(new TextDecoder().decode(await pump(packed, new DecompressionStream('deflate-raw')))) as Record<string, unknown>;
    const word = (key: string) => (typeof given[key] === 'string' ? (given[key] as string).slice(0, MOST) : '');
    return { text: word('text'), target: word('target'), units: word('units'), mask: word('mask'), method: word('method'), index: word('index'), budget: Number(given.budget) };
  } catch {
    return null;
  }
}
