import { WebspexError } from '../core/errors.ts';
import { oneLine, parseJson, parseObject, shown } from './json.ts';

/** What stands for a text: the mean of all its tokens' rows, or the first one's. */
export type Pooling = 'mean' | 'first';

const MODES: ReadonlyMap<string, Pooling> = new Map([
  ['pooling_mode_mean_tokens', 'mean'],
  ['pooling_mode_cls_token', 'first'],
]);
/** Modules of sentence-transformers that change no angle between two texts, the last parts of their names. */
const HARMLESS = ['Transformer', 'Normalize'];

/** A file of the folder, or null where there is none. */
type Read = (file: string) => Promise<Uint8Array | null>;

function refuse(file: string, what: string): never {
  throw new WebspexError('unsupported-model', `${file}: ${what}; supported: one pooling by mean or first token, and normalisation`);
}

/**
 * The pooling of an encoder without a head as its folder says: modules.json and the configuration of the pooling, as sentence-transformers writes
 * them, or the mean where there are none. @throws bad-file, unsupported-model for other modules.
 */
export async function readPooling(read: Read): Promise<Pooling> {
  const listed = await read('modules.json');
  if (listed === null) return 'mean';
  const modules = parseJson(listed, 'modules.json');
  if (!Array.isArray(modules)) throw new WebspexError('bad-file', 'modules.json: expected a list, got another; check the model folder');
  let pooling: Pooling = 'mean';
  for (const { type, path } of modules.map(moduleOf)) {
    if (type === 'Pooling') pooling = await readMode(read, `${path}/config.json`);
    else if (!HARMLESS.includes(type)) refuse('modules.json', `expected ${['Pooling', ...HARMLESS].join(', ')}, got ${oneLine(type)}`);
  }
  return pooling;
}

function moduleOf(module: unknown): { type: string; path: string } {
  const { type, path } = (module ?? {}) as { type?: unknown; path?: unknown };
  if (typeof type !== 'string' || typeof path !== 'string' || !/^[\w.-]*$/.test(path))
    throw new WebspexError('bad-file', `modules.json: expected modules with type and path, got ${shown(module)}; check the model folder`);
  return { type: type.slice(type.lastIndexOf('.') + 1), path };
}

async function readMode(read: Read, file: string): Promise<Pooling> {
  const bytes = await read(file);
  if (bytes === null)
    throw new WebspexError('not-found', `${file}: expected the pooling that modules.json names, got none; download it too`);
  const json = parseObject(bytes, file);
  const on = Object.keys(json).filter((key) => key.startsWith('pooling_mode_') && json[key] === true);
  const found = on.length === 1 ? MODES.get(on[0]) : undefined;
  if (!found) refuse(file, `expected one of ${[...MODES.keys()].join(' and ')}, got ${on.map(oneLine).join(', ') || 'none'}`);
  return found;
}
