import { WebspexError } from '../core/errors.ts';
import { oneLine } from './json.ts';
import type { ModelSource } from './model.ts';
import { aborted } from './source.ts';

/** A file as a page's file picker, a drop, or a directory picker gives it; Node has the same class. */
export type OwnFile = File;

/** Where a file lies, from the folder that was chosen on: `model/1_Pooling/config.json`; a file chosen alone is its name. */
function pathOf(file: OwnFile): string {
  return file.webkitRelativePath || file.name;
}

/** The folder nearest to the top that has a config.json, with a slash at its end; what was chosen may hold the model's folder. */
function folderOf(files: readonly OwnFile[]): string {
  const folders = files
    .map(pathOf)
    .filter((path) => /(?:^|\/)config\.json$/.test(path))
    .map((path) => path.slice(0, -'config.json'.length));
  return folders.sort((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1))[0] ?? '';
}

/** The one GGUF file among them, where they hold no model folder; undefined where they do. @throws usage for several. */
export function ggufOf(files: readonly OwnFile[]): string | undefined {
  const found = files.filter(({ name }) => /\.gguf$/i.test(name));
  if (found.length === 0 || files.some(({ name }) => name === 'config.json')) return undefined;
  if (found.length > 1) throw new WebspexError('usage', `model: expected one GGUF file, got ${found.length}; choose one of them`);
  return pathOf(found[0]);
}

/**
 * A model from files that the user has chosen: those of a folder, or a GGUF file. They are read here and sent nowhere. `read` throws
 * not-found naming the file, bad-file where it cannot be read, and aborted. @throws usage where there are none.
 */
export function openFiles(files: readonly OwnFile[], { signal }: { readonly signal?: AbortSignal } = {}): ModelSource {
  if (files.length === 0)
    throw new WebspexError('usage', 'model: expected the files of a model folder or a GGUF file, got none; choose some');
  const folder = folderOf(files);
  const inside = files.filter((file) => pathOf(file).startsWith(folder));
  const byPlace = new Map(inside.map((file) => [pathOf(file).slice(folder.length), file]));
  const id = folder.split('/').filter(Boolean).at(-1) ?? (ggufOf(files) ?? files[0].name).split('/').at(-1) ?? '';
  return {
    id,
    revision: '',
    async read(name, report) {
      if (signal?.aborted) throw aborted(signal.reason);
      const file = byPlace.get(name);
      if (!file)
        throw new WebspexError(
          'not-found',
          `model: expected ${name} among the files chosen, got ${listed([...byPlace.keys()])}; choose the whole folder`,
        );
      report?.({ status: 'initiate', name: id, file: name });
      report?.({ status: 'progress', name: id, file: name, loaded: 0, total: file.size, progress: 0 });
      const bytes = await bytesOf(file, name);
      if (signal?.aborted) throw aborted(signal.reason);
      report?.({ status: 'done', name: id, file: name, loaded: bytes.length, total: bytes.length, progress: 100 });
      return bytes;
    },
  };
}

async function bytesOf(file: OwnFile, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    const why = oneLine(String((cause as Error)?.message ?? cause), 100);
    throw new WebspexError('bad-file', `${oneLine(name, 200)}: expected to read the file, got ${why}; choose it again`, { cause });
  }
}

/** Some of the names, for a message. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => oneLine(name, 60));
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ');
}
