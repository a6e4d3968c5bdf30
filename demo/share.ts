/** Text and settings that a link carries after #s=, which browsers do not send to servers. */
export interface Shared {
  /** Absent in a link that holds settings only. */
  readonly text?: string;
  /** Texts that mean outputs are taken over, one a line; absent where the text is. */
  readonly reference?: string;
  /** Id of a model of the hub; empty for the embedded one, and for files, which no link can hold. */
  readonly model: string;
  readonly target: string;
  readonly units: string;
  readonly mask: string;
  /** How parts of the model are switched off, and the layers they are of, as written. */
  readonly ablation: string;
  readonly layers: string;
  readonly method: string;
  readonly index: string;
  /** R² to stop at, as a number's text; empty for none. */
  readonly until: string;
  readonly grade: string;
  /** What a run begins from. */
  readonly begin: string;
  readonly device: string;
  /** Exponent of two. */
  readonly budget: number;
}

/** Characters of a link that programs can be trusted to pass on. */
export const LONGEST_LINK = 6000;
/** Of either text, as the boxes take it. */
const LONGEST_TEXT = 20_000;

async function pump(bytes: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream, most: number): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.length;
    if (size > most) throw new Error('link: too long');
    chunks.push(read.value);
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/** `#s=` + base64url(deflate-raw(JSON)). */
export async function encodeLink(shared: Shared): Promise<string> {
  const json = new Uint8Array(new TextEncoder().encode(JSON.stringify(shared)));
  const packed = await pump(json, new CompressionStream('deflate-raw'), 1e6);
  return `#s=${btoa(Array.from(packed, (b) => String.fromCharCode(b)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')}`;
}

/** What a location hash says, or null where it is not one of ours. A link is somebody else's data. */
export async function decodeLink(hash: string): Promise<Shared | null> {
  const match = /^#s=([A-Za-z0-9_-]{1,20000})$/.exec(hash);
  if (!match) return null;
  try {
    const packed = Uint8Array.from(atob(match[1].replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const json = new TextDecoder().decode(await pump(packed, new DecompressionStream('deflate-raw'), 8 * LONGEST_TEXT));
    return sharedOf(JSON.parse(json));
  } catch {
    return null; // a mangled link is no link
  }
}

/** What of an unknown value can be put into the fields, or null: only short strings and one number get through. */
export function sharedOf(given: unknown): Shared | null {
  if (typeof given !== 'object' || given === null) return null;
  const fields = given as Record<string, unknown>;
  const word = (key: string) => (typeof fields[key] === 'string' ? fields[key].slice(0, 200) : '');
  return {
    ...(typeof fields.text === 'string' && { text: fields.text.slice(0, LONGEST_TEXT) }),
    ...(typeof fields.reference === 'string' && { reference: fields.reference.slice(0, LONGEST_TEXT) }),
    model: word('model'),
    target: word('target'),
    units: word('units'),
    mask: word('mask'),
    ablation: word('ablation'),
    layers: word('layers'),
    method: word('method'),
    index: word('index'),
    until: word('until'),
    grade: word('grade'),
    begin: word('begin'),
    device: word('device'),
    budget: typeof fields.budget === 'number' ? fields.budget : 0,
  };
}
