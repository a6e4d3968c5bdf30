import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explain, fromShapiq, type InteractionIndex, type ShapiqFile, toShapiq } from './support.ts';

/** shapiq computes FSII and FBII by least squares with weights of 1e7; sums elsewhere are float64. */
const REGRESSED = 1e-5;

const { n, table, files } = JSON.parse(readFileSync(new URL('./golden/shapiq-files.json', import.meta.url), 'utf8')) as {
  n: number;
  table: number[];
  files: ShapiqFile[];
};

const explained = (index: string, maxOrder: number) =>
  explain(async (masks) => Float32Array.from(masks.words, (m) => table[m]), {
    players: n,
    budget: 2 ** n,
    index: index as InteractionIndex,
    maxOrder,
  }).result;

describe('files of the real shapiq 1.4.1', () => {
  it.each(files.map((file) => [file.metadata.index, file] as const))(
    '%s: read, and written alike from the same game',
    async (index, file) => {
      const read = fromShapiq(file);
      expect(read).toMatchObject({ players: n, index, maxOrder: file.metadata.max_order, baseline: file.metadata.baseline_value });
      expect(read.interactions.length).toBe(Object.keys(file.data).length);
      const written = toShapiq(await explained(index, file.metadata.max_order));
      expect(written.metadata.index).toBe(index);
      expect(written.metadata.max_order).toBe(file.metadata.max_order);
      expect(written.metadata.estimated).toBe(false);
      expect(Math.abs(written.metadata.baseline_value - file.metadata.baseline_value)).toBeLessThan(REGRESSED);
      for (const key of new Set([...Object.keys(file.data), ...Object.keys(written.data)]))
        expect(Math.abs((written.data[key] ?? 0) - (file.data[key] ?? 0)), key).toBeLessThan(REGRESSED);
    },
  );
});

describe('our own files', () => {
  it('read back as they were written', async () => {
    const e = await explained('FSII', 2);
    const read = fromShapiq(JSON.parse(JSON.stringify(toShapiq(e))));
    const values = new Map(read.interactions.map(({ members, value }) => [members.join(), value]));
    expect(values.get('')).toBe(e.values.empty);
    expect(values.size).toBe(e.interactions.length + 1);
    for (const { members, value } of e.interactions) expect(values.get(members.join())).toBe(value);
    expect(read.budget).toBe(32);
  });

  it('are refused for an index that shapiq does not have', async () => {
    const e = await explained('Fourier', 2);
    expect(() => toShapiq(e)).toThrow(/expected one of FBII.*got Fourier/);
  });

  it('of others are refused, naming the field, where they are damaged', () => {
    const [file] = files;
    const cases: [unknown, RegExp][] = [
      [null, /the file to be an object/],
      [{ ...file, metadata: undefined }, /metadata to be an object/],
      [{ ...file, metadata: { ...file.metadata, n_players: 0 } }, /n_players/],
      [{ ...file, data: { '0,9': 1 } }, /different players below 5/],
      [{ ...file, data: { '1,1': 1 } }, /different players below 5/],
      [{ ...file, data: { x: 1 } }, /different players below 5/],
      [{ ...file, data: { '0': 'much' } }, /a finite number/],
    ];
    for (const [value, message] of cases) expect(() => fromShapiq(value)).toThrow(message);
  });
});

/** A Python that has shapiq: named by SHAPIQ_PYTHON, or the one on the path. */
function pythonWithShapiq(): string | null {
  for (const python of [process.env.SHAPIQ_PYTHON, 'python3'])
    if (python && spawnSync(python, ['-c', 'import shapiq'], { stdio: 'ignore' }).status === 0) return python;
  console.warn('no Python with shapiq: our files are not loaded by the real package; name one with SHAPIQ_PYTHON');
  return null;
}

const python = pythonWithShapiq();

describe.skipIf(python === null)('the real package', () => {
  it('loads our files with equal values', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'webspex-shapiq-'));
    try {
      const written = [];
      for (const { metadata } of files) written.push(toShapiq(await explained(metadata.index, metadata.max_order)));
      const paths = written.map((file) => join(folder, `${file.metadata.index}.json`));
      for (const [i, file] of written.entries()) writeFileSync(paths[i], JSON.stringify(file, null, 2));
      const script = [
        'import json, sys, shapiq',
        'loaded = [shapiq.InteractionValues.load(path) for path in sys.argv[1:]]',
        'name = lambda s: ",".join(map(str, s)) or "Empty"',
        'print(json.dumps([{"index": v.index, "n": v.n_players, "baseline": float(v.baseline_value),',
        '  "values": {name(s): float(x) for s, x in v.dict_values.items()}} for v in loaded]))',
      ].join('\n');
      const { stdout, stderr } = spawnSync(python as string, ['-W', 'ignore', '-c', script, ...paths], { encoding: 'utf8' });
      expect(stdout, stderr).not.toBe('');
      const loaded = JSON.parse(stdout) as { index: string; n: number; baseline: number; values: Record<string, number> }[];
      expect(loaded.length).toBe(9);
      for (const [i, file] of written.entries()) {
        const { index, baseline_value: baseline } = file.metadata;
        expect(loaded[i]).toEqual({ index, n, baseline, values: file.data });
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
