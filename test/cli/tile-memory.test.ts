import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileTileMemory } from '../../src/cli/engine/tile-memory.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'webspex-tiles-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the memory of tiles', () => {
  it('lasts from one process to the next, for each adapter', async () => {
    const file = join(folder, 'new', 'tiles.json');
    expect(await fileTileMemory(file).recall('some GPU')).toBeNull();
    await fileTileMemory(file).keep('some GPU', '64x64');
    await fileTileMemory(file).keep('another GPU', '128x64');
    await fileTileMemory(file).keep('some GPU', 'direct');
    expect(await Promise.all(['some GPU', 'another GPU', 'toString'].map((key) => fileTileMemory(file).recall(key)))).toEqual([
      'direct',
      '128x64',
      null,
    ]);
    expect(await readdir(join(folder, 'new'))).toEqual(['tiles.json']);
  });

  it('is empty where its file is broken, and whole again after it has kept something', async () => {
    for (const text of ['', 'null', '[1]', '{"some GPU": 7}', '{"some']) {
      const file = join(folder, 'broken.json');
      await writeFile(file, text);
      expect(await fileTileMemory(file).recall('some GPU')).toBeNull();
      await fileTileMemory(file).keep('some GPU', '64x64');
      expect(await fileTileMemory(file).recall('some GPU')).toBe('64x64');
    }
  });
});
