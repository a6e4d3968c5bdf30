import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromShapiq, type RemovalCheck } from '../../src/index.ts';
import { cli, scratch, tableFile, tinyModelFolder } from './support.ts';

const folder = scratch();
const at = (name: string) => join(folder, name);
const tiny = tinyModelFolder(at('tiny'));
const MODEL = ['--model', tiny, '--device', 'reference'];

/** Two players count alone, two only together. */
const value = (mask: number) => (mask & 1 ? 2 : 0) - (mask & 2 ? 1 : 0) + ((mask & 12) === 12 ? 3 : 0);
const table = tableFile(at('table.f32'), 8, value);

describe('webspex explain --method', () => {
  it('takes a baseline by name, shows its own index, and says what its sum is worth', async () => {
    const { out, code } = await cli(['explain', '--values', table, '--players', '8', '--method', 'kernelshap']);
    expect(code).toBe(0);
    expect(out).toMatch(/x0 +\+2\.00 /);
    expect(out).toMatch(/x2 +\+1\.50 /);
    expect(out).toMatch(/All 256 maskings were evaluated, so the values carry no sampling error; R² 0\.\d\d/);
    expect(out).toMatch(/method kernelshap\n/);
    expect(out).toMatch(/SV: averaged/);
  });

  it('refuses another index than the method estimates, and names its own', async () => {
    const { err, code } = await cli(['explain', '--values', table, '--players', '8', '--method', 'banzhaf', '--index', 'SII']);
    expect(code).toBe(2);
    expect(err).toBe('webspex: usage: index: expected BV with method banzhaf, which estimates that, got SII; leave it out\n');
  });
});

describe('webspex explain --shapiq', () => {
  it('writes a file that shapiq reads, and refuses what it could not', async () => {
    const run = ['explain', '--values', table, '--players', '8'];
    const { code, err } = await cli([...run, '--index', 'k-SII', '--order', '2', '--shapiq', at('values.json')]);
    expect(code).toBe(0);
    expect(err).toContain(`webspex: wrote ${at('values.json')}\n`);
    const read = fromShapiq(JSON.parse(readFileSync(at('values.json'), 'utf8')));
    expect(read).toMatchObject({ players: 8, index: 'k-SII', maxOrder: 2, baseline: 0 });
    expect(read.interactions.find(({ members }) => members.join() === '2,3')?.value).toBeCloseTo(3, 5);
    expect((await cli([...run, '--shapiq', at('values.txt')])).err).toMatch(/usage: --shapiq: expected a name that ends with \.json/);
    expect((await cli([...run, '--index', 'Fourier', '--shapiq', at('f.json')])).err).toMatch(/usage: shapiq: .*got Fourier/);
  });
});

describe('webspex verify --remove', () => {
  it('asks the model without the words that move it most, one more each time', async () => {
    const { out, code } = await cli(['verify', 'a b c d e', '--remove', '3', ...MODEL]);
    expect(code).toBe(0);
    expect(out).toMatch(/^log-odds of \w+ without the words that move it most\n\nwithout +model +explanation\nnothing +/);
    expect(out).toMatch(/drawn by chance +[+−]/);
    expect(out).toMatch(/Without those 3 the model moves by [\s\S]* By the explanation no\sother words move\sit\sfurther\./);
  });

  it('finds, where every mask was evaluated, what the model itself says', async () => {
    const { out, code } = await cli(['verify', 'a b c d e', '--remove', '2', '--json', ...MODEL]);
    expect(code).toBe(0);
    const found = JSON.parse(out) as RemovalCheck;
    expect(found.steps.map(({ members, proven }) => [members.length, proven])).toEqual([
      [1, true],
      [2, true],
    ]);
    // float32 values, transformed exactly.
    for (const { measured, predicted } of [found.full, ...found.steps, found.control])
      expect(Math.abs(measured - predicted)).toBeLessThan(1e-5);
  });

  it('refuses more words than there are, and --members beside it', async () => {
    expect((await cli(['verify', 'a b', '--remove', '3', ...MODEL])).err).toMatch(
      /--remove: expected at most the 2 players of this text, got 3/,
    );
    expect((await cli(['verify', 'a b', '--remove', '1', '--members', 'a'])).err).toMatch(
      /expected either --members or --remove, got both/,
    );
  });
});
