import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openExplainer } from '../../src/explain/explainer.ts';
import { ggufOf, openFiles } from '../../src/model/own-files.ts';
import { rejectedBy, thrownBy } from './support.ts';

const WORDS = join(import.meta.dirname, 'golden/tiny-heads/words-bert');

/** A file as a directory picker gives it, or, without a folder, as one that was chosen alone. */
function file(name: string, content: string | Uint8Array<ArrayBuffer>, path = ''): File {
  const made = new File([content], name);
  Object.defineProperty(made, 'webkitRelativePath', { value: path });
  return made;
}

function folder(top: string): File[] {
  return readdirSync(WORDS).map((name) => file(name, new Uint8Array(readFileSync(join(WORDS, name))), top && `${top}${name}`));
}

describe('a model from files that were chosen', () => {
  it.each([
    ['from a folder', 'bert/', 'bert'],
    ['from a folder within a folder', 'mine/bert/', 'bert'],
    ['one by one', '', 'config.json'],
  ])('%s answers as the same folder by its path, and is named', async (_, top, id) => {
    const path = await openExplainer(undefined, WORDS, { device: 'reference' });
    const own = await openExplainer(undefined, folder(top), { device: 'reference' });
    const asked = { masks: [[1, 0, 1, 0]], target: 'q' };
    expect(await own.evaluate('b, c [MASK] d e', asked)).toEqual(await path.evaluate('b, c [MASK] d e', asked));
    expect([own.model.sha256, own.task, path.task]).toEqual([path.model.sha256, 'fill-mask', 'fill-mask']);
    if (top) expect(own.model.id).toBe(id);
    path.destroy();
    own.destroy();
  });

  it('is the nearest config.json to the top, with what lies below it', async () => {
    const files = [
      file('config.json', 'pooling', 'm/1_Pooling/config.json'),
      file('config.json', 'top', 'm/config.json'),
      file('a.txt', 'elsewhere', 'a.txt'),
    ];
    const source = openFiles(files);
    const read = async (name: string) => new TextDecoder().decode(await source.read(name));
    expect([await read('config.json'), await read('1_Pooling/config.json')]).toEqual(['top', 'pooling']);
    expect((await rejectedBy(source.read('a.txt'))).code).toBe('not-found');
  });

  it('names the file that is missing, and some of those that were chosen', async () => {
    const files = Array.from({ length: 7 }, (_, i) => file(`part${i}\n.bin`, ''));
    const { code, message } = await rejectedBy(openFiles(files).read('config.json'));
    expect(code).toBe('not-found');
    expect(message).toMatch(/expected config\.json among the files chosen, got part0.*part4.* and 2 more; choose the whole folder$/);
    expect(message).not.toContain('\n');
  });

  it('is a GGUF file where one was chosen and no folder', () => {
    expect(ggufOf([file('a.GGUF', '')])).toBe('a.GGUF');
    expect(ggufOf([file('config.json', ''), file('a.gguf', '')])).toBeUndefined();
    expect(ggufOf([file('a.bin', '')])).toBeUndefined();
    expect(thrownBy(() => ggufOf([file('a.gguf', ''), file('b.gguf', '')])).message).toMatch(/expected one GGUF file, got 2/);
    expect(thrownBy(() => openFiles([])).code).toBe('usage');
  });

  it('says that a file cannot be read, such as one that has changed since it was chosen', async () => {
    const changed = file('a.gguf', 'GGUF');
    changed.arrayBuffer = () => Promise.reject(new DOMException('The requested file could not be read', 'NotReadableError'));
    const error = await rejectedBy(openExplainer(undefined, [changed], { device: 'reference' }));
    expect([error.code, error.message]).toEqual([
      'bad-file',
      'a.gguf: expected to read the file, got The requested file could not be read; choose it again',
    ]);
    const ended = AbortSignal.abort();
    expect((await rejectedBy(openFiles([changed], { signal: ended }).read('a.gguf'))).code).toBe('aborted');
  });
});
