import { WebspexError } from '../core/errors.ts';
import { oneLine, parseObject, shown } from './json.ts';
import { type Manifest, sha256Hex } from './manifest.ts';
import { readSafetensors, type Tensor } from './safetensors.ts';

/** A file of the model's folder with its hash. @throws not-found, hash-mismatch, bad-file. */
export type ReadFile = (file: string) => Promise<{ readonly bytes: Uint8Array; readonly sha256: string }>;

const WHOLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
/** More files than any published model is cut into. */
const MOST_SHARDS = 1000;

function refuse(what: string): never {
  throw new WebspexError('bad-file', `${INDEX}: ${what}; check the model folder`);
}

/** Tensor names by file, files in order. A file is named, not pathed: an index must not reach outside its folder. */
function readIndex(bytes: Uint8Array): Map<string, Set<string>> {
  const { weight_map: map } = parseObject(bytes, INDEX);
  if (typeof map !== 'object' || map === null || Array.isArray(map)) refuse(`weight_map: expected an object, got ${shown(map)}`);
  const files = new Map<string, Set<string>>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !/^[\w-][\w.-]*\.safetensors$/.test(file))
      refuse(`weight_map ${shown(tensor)}: expected the name of a safetensors file beside it, got ${shown(file)}`);
    const names = files.get(file);
    if (names) names.add(tensor);
    else files.set(file, new Set([tensor]));
  }
  if (files.size === 0 || files.size > MOST_SHARDS) refuse(`expected 1 to ${MOST_SHARDS} files, got ${files.size}`);
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function readShards(read: ReadFile): Promise<{ tensors: Map<string, Tensor>; sha256: string }> {
  const tensors = new Map<string, Tensor>();
  let hashes = '';
  for (const [file, names] of readIndex((await read(INDEX)).bytes)) {
    const { bytes, sha256 } = await read(file);
    hashes += sha256;
    const found = readSafetensors(bytes);
    for (const [name, tensor] of found) {
      if (!names.has(name)) refuse(`expected tensor ${oneLine(name, 200)} of ${file} to be listed for it, got none`);
      tensors.set(name, tensor);
    }
    for (const name of names) if (!found.has(name)) refuse(`expected tensor ${oneLine(name, 200)} in ${file}, got none`);
  }
  return { tensors, sha256: await sha256Hex(new TextEncoder().encode(hashes)) };
}

/**
 * All tensors of a folder, from model.safetensors or, where that is absent, from the files that model.safetensors.index.json lists. The hash
 * is that of the one file; of several, that of their hashes (hexadecimal, in order of their names) end to end.
 * @throws not-found, hash-mismatch, bad-file naming the tensor.
 */
export async function readWeights(read: ReadFile, manifest: Manifest | null): Promise<{ tensors: Map<string, Tensor>; sha256: string }> {
  if (manifest?.files.has(INDEX) && !manifest.files.has(WHOLE)) return readShards(read);
  try {
    const { bytes, sha256 } = await read(WHOLE);
    return { tensors: readSafetensors(bytes), sha256 };
  } catch (error) {
    if (!(error instanceof WebspexError && error.code === 'not-found')) throw error;
    // The whole file is what is missed where there is no index either.
    return readShards((file) =>
      read(file).catch((other: unknown) => {
        throw file === INDEX && other instanceof WebspexError && other.code === 'not-found' ? error : other;
      }),
    );
  }
}
