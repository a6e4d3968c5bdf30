import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readExplanation } from '../../src/element.ts';
import { openSource } from '../../src/model/source.ts';
import { onnxOfFolder } from '../support/onnx/checkpoint.ts';
import { cli, interaction, ROOT, scratch, tinyModelFolder } from './support.ts';

const folder = scratch();
const DOCS = join(ROOT, 'docs/onnx');
const DIGIT = [
  '--lens',
  'onnx',
  '--onnx',
  join(DOCS, 'digits.onnx'),
  '--image',
  join(DOCS, 'digit.png'),
  '--grid',
  '4x4',
  '--fill',
  'zero',
];
const WINE = [
  '--lens',
  'onnx',
  '--onnx',
  join(DOCS, 'wine.onnx'),
  '--table',
  join(DOCS, 'wine.csv'),
  '--row',
  '62',
  '--without',
  'cultivar',
];
/** Values are printed with two decimals, and passes in two runtimes differ in the last bits. */
const PRINTED = 2e-3;
/** Of log-odds that move by 11: what 256 of 65,536 masks leave open. */
const FITTED = 1.5;

/** A folder as the hub has it: the tokenizer above, the ONNX file in onnx/. */
const hub = join(folder, 'tiny');
const model = join(hub, 'onnx/model.onnx');

beforeAll(async () => {
  tinyModelFolder(hub);
  mkdirSync(join(hub, 'onnx'));
  writeFileSync(model, await onnxOfFolder(openSource(hub)));
});

describe('webspex explain --lens onnx', () => {
  it('explains a text through the tokenizer one folder up, with the numbers of the engine on the same weights', async () => {
    const [theirs, ours] = await Promise.all([
      cli(['explain', 'a b c d', '--lens', 'onnx', '--onnx', model, '--json']),
      cli(['explain', 'a b c d', '--model', hub, '--device', 'wasm', '--json']),
    ]);
    expect([theirs.code, ours.code]).toEqual([0, 0]);
    const [got, want] = [readExplanation(JSON.parse(theirs.out)), readExplanation(JSON.parse(ours.out))];
    expect(got).toMatchObject({ lens: 'text', text: 'a b c d', target: want.target, scalar: 'log-odds', mask: want.mask });
    expect(got.model?.id).toBe('model.onnx');
    expect(got.device?.adapter).toMatch(/^CPU \(onnxruntime-web [\d.]+, 1 thread\)$/);
    for (const { members, value } of want.interactions)
      if (Math.abs(value) > PRINTED) expect(Math.abs((interaction(got, ...members) ?? 0) - value)).toBeLessThan(PRINTED);
  });

  it('explains a picture, with a map of its patches', async () => {
    const ran = await cli(['explain', ...DIGIT, '--budget', '256']);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^8 {2}log-odds \+8\.\d+ \(>99 %\) · with every patch masked −/);
    expect(ran.out).toMatch(/\n +0 +1 +2 +3\nrow 0 .*\nrow 1 .*\nrow 2 .*▲.*\nrow 3 /);
    expect(ran.out).toMatch(/units patch in a grid\s+of\s+4 by 4 ·\s+mask\s+zero/);
    expect(ran.out).not.toMatch(/\bwords?\b|\bhead\b|\blayer\b/);
  });

  it('explains a row of a table, and writes its columns to a file', async () => {
    const csv = join(folder, 'wine.csv');
    const ran = await cli(['explain', ...WINE, '--budget', '128', '--baseline', 'median', '--csv', csv]);
    expect([ran.code, ran.err.trim().split('\n').at(-1)]).toEqual([0, `webspex: wrote ${csv}`]);
    expect(ran.out).toMatch(/^1 {2}log-odds .* · with every column at its baseline /);
    expect(ran.out).toMatch(/\n {2}alcohol=13\.67 +−/);
    expect(ran.out).toMatch(/mask\s+median of 177 rows/);
    expect(readFileSync(csv, 'utf8')).toMatch(/\n"?[\w./]+=[\d.]+/);
  });

  it('verifies patches on the model, and compares methods', async () => {
    const [verified, compared] = await Promise.all([
      cli(['verify', ...DIGIT, '--members', '2.2,3.1', '--budget', '256', '--json']),
      cli(['compare', ...WINE, '--methods', 'linear,auto', '--budget', '128']),
    ]);
    expect([verified.code, compared.code]).toEqual([0, 0]);
    const { corners } = JSON.parse(verified.out) as { corners: { measured: number; predicted: number }[] };
    expect(corners).toHaveLength(4);
    for (const c of corners) expect(Math.abs(c.measured - c.predicted)).toBeLessThan(FITTED);
    expect(compared.out).toMatch(/^log-odds of 1\n/);
  });

  it('goes on from a log of this very picture, and refuses that of another', async () => {
    const log = join(folder, 'log.jsonl');
    const other = join(folder, 'other.png');
    copyFileSync(join(ROOT, 'docs/page.png'), other);
    const small = [...DIGIT, '--grid', '2x2', '--target', '8', '--json', '--resume', log];
    const first = await cli(['explain', ...small]);
    const again = await cli(['explain', ...small]);
    expect([first.code, again.code]).toEqual([0, 0]);
    expect(again.err).toMatch(/log\.jsonl holds 16 values of this question/);
    const refused = await cli(['explain', ...small, '--image', other]);
    expect([refused.code, refused.out]).toEqual([3, '']);
    expect(refused.err).toMatch(/^webspex: bad-file: .*log\.jsonl/);
  });

  it('names classes by --labels, and takes a number by --scalar value', async () => {
    const labels = join(folder, 'labels.txt');
    writeFileSync(labels, 'Barolo\nGrignolino\nBarbera\n');
    const ran = await cli(['explain', ...WINE, '--labels', labels, '--target', 'barbera', '--scalar', 'value', '--budget', '64', '--json']);
    expect(ran.code).toBe(0);
    const e = readExplanation(JSON.parse(ran.out));
    expect([e.target, e.scalar]).toEqual(['Barbera', 'value']);
    expect(e.values.full).toBeGreaterThanOrEqual(0);
  });

  const png = ['--image', join(DOCS, 'digit.png')];
  const lone = join(folder, 'alone/wine.onnx');
  const on = (file: string, ...more: string[]) => ['--lens', 'onnx', '--onnx', join(DOCS, file), ...more];
  it.each([
    [['--lens', 'onnx', 'a'], 2, /--lens onnx: expected --onnx FILE, got none/],
    [['--onnx', lone, 'a'], 2, /--onnx: expected --lens onnx, got --lens text/],
    [['--lens', 'onnx', '--onnx', lone, 'a'], 2, /expected tokenizer\.json beside .*wine\.onnx or one folder up, got none/],
    [
      on('digits.onnx', '--tokenizer', hub, 'a'),
      3,
      /unsupported-model: digits\.onnx: expected inputs of tokens .*got pixels float32 \[batch, 1, 8, 8\]/,
    ],
    [on('digits.onnx', '--image', join(DOCS, 'wine.csv')), 3, /bad-file: .*wine\.csv: expected a PNG, got something else/],
    [on('wine.csv', ...png), 3, /bad-file: wine\.csv: expected an ONNX model, got a file that onnxruntime cannot read/],
    [on('digits.onnx', ...png, 'a'), 2, /expected either a text or --image, got both/],
    [on('digits.onnx', ...png, '--window', '1'), 2, /--window: expected --audio, got --image/],
    [on('digits.onnx', ...png, '--units', 'word'), 2, /--units: expected a text, got --image/],
    [on('digits.onnx', ...png, '--scalar', 'margin'), 2, /--scalar: expected log-odds, .*value with --lens onnx, got margin/],
    [on('digits.onnx', ...png, '--device', 'webgpu'), 2, /--device: expected wasm with --lens onnx/],
    [on('digits.onnx', ...png, '--model', hub), 2, /--model: expected none with --lens onnx/],
    [on('wine.onnx', '--table', join(DOCS, 'wine.csv')), 2, /--table: expected --row N, got none/],
    [
      on('wine.onnx', '--table', join(DOCS, 'wine.csv'), '--row', '1'),
      2,
      /columns: expected 13 for input columns float32 \[batch, 13\], got 14/,
    ],
    [[...WINE, '--constants', 'sr'], 2, /--constants: expected names and numbers, got "sr"/],
  ] as const)('explain %j says what is wrong, on one line', async (args, code, message) => {
    mkdirSync(join(folder, 'alone'), { recursive: true });
    copyFileSync(join(DOCS, 'wine.onnx'), lone);
    const ran = await cli(['explain', ...args]);
    expect(ran.err).toMatch(message);
    expect([ran.code, ran.out, ran.err.trim().split('\n')]).toEqual([code, '', [expect.stringMatching(/^webspex: /)]]);
  });
});
