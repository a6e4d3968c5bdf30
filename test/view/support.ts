import type { Explanation } from '../../src/explain/document.ts';
import { explain } from '../../src/index.ts';

/** A document such as a run writes: the whole table of a game of three words that act together, exact. */
export async function sample(index: Explanation['index'] = 'FBII'): Promise<Explanation> {
  const words = ['not', 'bad', 'not', 'at', 'all'];
  let at = 0;
  const players = words.map((label, id) => {
    const start = at;
    at += label.length + 1;
    return { id, label, start, end: start + label.length };
  });
  const run = explain(
    async (masks) => Float32Array.from({ length: masks.count }, (_, r) => game([0, 1, 2, 3, 4].map((i) => (masks.words[r] >> i) & 1))),
    { players, index, budget: 32, maxOrder: 5 },
  );
  return {
    ...(await run.result),
    text: words.join(' '),
    lens: 'text',
    target: 'positive',
    scalar: 'log-odds',
    model: { id: 'm', revision: '1', sha256: 'ab', dtype: 'f32' },
    device: { backend: 'webgpu', adapter: 'an adapter', software: true },
  };
}

/** Uneven numbers, so that no two interactions are equal by accident. */
export function game([a, b, c, d, e]: readonly number[]): number {
  return 0.3 + 1.1 * a - 2.3 * b + 0.7 * d + 3.1 * a * b - 1.9 * b * c * d + 0.45 * a * c * d * e;
}

/** A document with interactions of one's own choosing, for drawings. */
export function drawn(interactions: Explanation['interactions'], labels = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']): Explanation {
  let at = 0;
  const players = labels.map((label, id) => {
    const start = at;
    at += label.length + 1;
    return { id, label, start, end: start + label.length };
  });
  return {
    format: 'webspex-explanation',
    version: 1,
    text: labels.join(' '),
    lens: 'text',
    players,
    target: 'positive',
    scalar: 'log-odds',
    values: { full: 1, empty: 0 },
    index: 'FBII',
    maxOrder: 4,
    interactions,
    spectrum: [{ members: [], coefficient: 0 }],
    fit: { r2: 0.9, r2Low: 0.8, r2High: 0.95, heldOut: 64, queries: 256, budget: 256, chosen: 'pursuit', candidates: [] },
    method: 'auto',
    mask: 'mask-token',
    units: 'word',
    seed: 7,
    model: null,
    device: null,
    timing: { loadMs: 0, evaluateMs: 1, decodeMs: 1, masksPerSecond: 1 },
    software: { name: 'webspex', version: '0' },
  };
}

/** Every string of a document replaced by one text, labels standing in the text as the spans say. */
export function everywhere(e: Explanation, payload: string): Explanation {
  const step = payload.length + 1;
  return {
    ...e,
    text: e.players.map(() => payload).join(' '),
    players: e.players.map(({ id }) => ({ id, label: payload, start: id * step, end: id * step + payload.length })),
    target: payload,
    scalar: payload,
    method: payload,
    mask: payload,
    units: payload,
    fit: {
      ...e.fit,
      chosen: payload,
      candidates: [
        { method: payload, r2: 0.5 },
        { method: payload, r2: 0.4 },
      ],
    },
    model: { id: payload, revision: payload, sha256: payload, dtype: payload },
    device: { backend: 'webgpu', adapter: payload, software: true },
    software: { name: 'webspex', version: payload },
  };
}

const NAME = '[A-Za-z][\\w:-]*';
const CONTENT = '(?:[^<&]|&(?:amp|lt|gt|quot|#39);)*';
const QUOTED = `"(?:[^<&"]|&(?:amp|lt|gt|quot|#39);)*"`;
const TOKEN = new RegExp(`<(${NAME})((?:\\s+${NAME}=${QUOTED})*)\\s*>|</(${NAME})>|(${CONTENT})`, 'uy');
/** What XML 1.0 cannot hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

/** Why markup is not well-formed XML, or null: one root, tags in pairs, attributes quoted, nothing unescaped, no forbidden character. */
export function malformed(markup: string): string | null {
  const bad = FORBIDDEN.exec(markup);
  if (bad) return `character ${bad[0].codePointAt(0)}`;
  const open: string[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < markup.length; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(markup);
    if (!match || TOKEN.lastIndex === at) return `at ${at}: ${markup.slice(at, at + 40)}`;
    if (match[1]) {
      if (open.length === 0 && at > 0) return 'a second root';
      open.push(match[1]);
    } else if (match[3] && open.pop() !== match[3]) return `</${match[3]}> closes another`;
    else if (match[4]?.trim() && open.length === 0) return 'text outside the root';
  }
  return open.length > 0 ? `<${open.pop()}> stays open` : null;
}

/** Rows of RFC 4180. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
