import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readExplanation } from '../../src/element.ts';
import type { Explanation } from '../../src/index.ts';
import { naiveLogits } from '../model/tiny-encoder.ts';
import { cli, ended, interaction, type Ran, scratch, startCli, TINY, tableFile, tinyModelFolder, tinyTensors } from './support.ts';

const folder = scratch();
const at = (name: string) => join(folder, name);
const CPU = ['--device', 'wasm'];
const TEXT = 'Her acting never fails to impress';

/** float32 logits against PyTorch (issue: 1e-4). */
const LOGITS = 1e-4;
/** Values of tables are float32 and of the order of one. */
const FLOAT32 = 1e-6;

const golden = JSON.parse(readFileSync(new URL('../model/golden/minilm-sst2.json', import.meta.url)).toString()) as {
  rows: { text: string; ids: number[]; logits: number[] }[];
};
/** Token of a masked word. */
const MASK = 103;

const tiny = tinyModelFolder(at('tiny'));

/** What a run that takes long on a busy machine says meanwhile. */
const PROGRESS = /^webspex: \d[\d,]* of [\d,]+ passes.*\n+/gm;

/** stdout holds one JSON document and nothing else. */
function documentOf(ran: Ran): Explanation {
  expect(ran.err.replace(PROGRESS, '')).toBe('');
  expect(ran.code).toBe(0);
  expect(ran.out.endsWith('}\n')).toBe(true);
  return readExplanation(JSON.parse(ran.out));
}

describe('webspex explain TEXT', () => {
  let ran: Ran;
  beforeAll(async () => {
    ran = await cli(['explain', TEXT, '--budget', '48', '--html', at('a.html'), '--svg', at('a.svg'), '--csv', at('a.csv'), ...CPU]);
  });

  it('prints the answer, the words, what they do, how far to trust it, and where it ran, without colours into a pipe', () => {
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^positive {2}log-odds \+4\.68 \(99 %\) · with every word masked \+0\.13 \(53 %\)\n/);
    expect(ran.out).toMatch(/Her +acting +never +fails +to +impress\n/);
    expect(ran.out).toMatch(/\nTogether\n {2}never × fails +\+\d\.\d\d ± \d\.\d\d +▲ █+/);
    expect(ran.out).toMatch(
      /R² [01]\.\d\d: explains >?\d\d % of the variation over masks it has not seen \(95 %\sinterval (below )?\d+ to >?\d+ %\),\sestimated\sby\scross-validation\son\sthe\ssame\s48\spasses\n! /,
    );
    expect(ran.out).toMatch(/\n48 of 48 passes · [\d.]+ a second · seed 7\nmethod auto took .*cross-validated R²/);
    expect(ran.out).toMatch(/\nwasm · CPU \(WASM \w+ SIMD, \d+ threads?\)\nmodel webspex\/minilm-sst2\n/);
    expect(ran.out).not.toContain('\u001b');
    expect(Math.max(...ran.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('writes the page, the picture and the table that were asked for, and says so on stderr', () => {
    expect(ran.err).toBe(['a.html', 'a.svg', 'a.csv'].map((f) => `webspex: wrote ${at(f)}\n`).join(''));
    expect(readFileSync(at('a.html'), 'utf8')).toMatch(/^<!doctype html>[\s\S]*id="explanation"/);
    expect(readFileSync(at('a.svg'), 'utf8')).toMatch(/^<svg /);
    expect(readFileSync(at('a.csv'), 'utf8')).toMatch(/^\ufeffwords,members,order,value,se\r\nnever × fails,/);
  });
});

describe('webspex explain --json', () => {
  it('prints one explanation document, with the values PyTorch gives, and spends no more than its budget', async () => {
    const e = documentOf(
      await cli(['explain', '--stdin', '--json', '--budget', '24', '--seed', '3', '--index', 'SII', '--order', '2', ...CPU], `${TEXT}\n`),
    );
    const ofText = golden.rows.filter((r) => r.text === TEXT && r.ids.length === 8);
    const [whole, nothing] = [0, 6]
      .map((masked) => ofText.find((r) => r.ids.filter((id) => id === MASK).length === masked) ?? { logits: [] })
      .map(({ logits }) => logits[1] - logits[0]);
    expect(Math.abs(e.values.full - whole)).toBeLessThan(LOGITS);
    expect(Math.abs(e.values.empty - nothing)).toBeLessThan(LOGITS);
    expect(e).toMatchObject({ text: TEXT, target: 'positive', units: 'word', mask: 'mask-token', seed: 3, index: 'SII', maxOrder: 2 });
    expect(e.fit).toMatchObject({ queries: 24, budget: 24 });
    expect(e.interactions.every(({ members }) => members.length <= 2)).toBe(true);
  });

  it('explains with any folder of the architecture: another width, other labels, values as the paper’s formulas give them', async () => {
    const letters = ['a', 'b', 'q', 'c', 'x'];
    writeFileSync(at('letters.txt'), `${letters.join(' ')}\r\n`);
    const e = documentOf(
      await cli(['explain', '--file', at('letters.txt'), '--model', tiny, '--target', 'BLUE', '--scalar', 'logit', '--json', ...CPU]),
    );
    const logit = (ids: number[]) => naiveLogits(tinyTensors, TINY, [1, ...ids, 2])[2];
    const ids = letters.map((c) => 5 + c.charCodeAt(0) - 97);
    expect(e).toMatchObject({ text: 'a b q c x', target: 'blue', scalar: 'logit', fit: { chosen: 'exact', queries: 32 } });
    expect(Math.abs(e.values.full - logit(ids))).toBeLessThan(LOGITS);
    expect(Math.abs(e.values.empty - logit(ids.map(() => 3)))).toBeLessThan(LOGITS);
    expect(e.model?.id).toBe('tiny');
  });

  it('masks what the units say and puts in what the mask says', async () => {
    const run = async (...options: string[]) =>
      documentOf(await cli(['explain', 'A b. C d.', '--model', tiny, '--json', ...CPU, ...options]));
    const spans = await run('--units', '[[0,1],[5,8]]');
    expect(spans.players.map((p) => [p.start, p.end])).toEqual([
      [0, 1],
      [5, 8],
    ]);
    expect((await run('--units', '/[bd]/')).players.map((p) => p.label)).toEqual(['b', 'd']);
    expect((await run('--units', 'sentence')).players.map((p) => p.label)).toEqual(['A b', 'C d']);
    const values = await Promise.all(['remove', 'unk-token', 'replace:z', 'mask-token'].map((mask) => run('--mask', mask)));
    expect(new Set(values.map((e) => e.values.empty)).size).toBe(4);
    expect(new Set(values.map((e) => e.values.full)).size).toBe(1);
    expect(values.map((e) => e.mask)).toEqual(['remove', 'unk-token', 'replace:z', 'mask-token']);
  });

  it('gives the same document but for its timing when run again', async () => {
    const run = async () => {
      const { timing: _, ...rest } = documentOf(
        await cli(['explain', 'a b c d e f g h', '--model', tiny, '--json', '--budget', '100', ...CPU]),
      );
      return rest;
    };
    expect(await run()).toEqual(await run());
  });

  it('takes a text that begins with a dash after --', async () => {
    expect(documentOf(await cli(['explain', '--json', '--model', tiny, ...CPU, '--', '-a b'])).text).toBe('-a b');
  });
});

/** 1 + 2·x₀x₁ − 0.5·x₄ + 3·x₁x₂x₃. */
const planted = (m: number) => 1 + 2 * Number((m & 3) === 3) - 0.5 * ((m >> 4) & 1) + 3 * Number((m & 14) === 14);

describe('colours', () => {
  it('are kept out of pipes, asked for with FORCE_COLOR, and refused with NO_COLOR', async () => {
    const args = ['explain', '--values', tableFile(at('two.f32'), 2, (m) => m), '--players', '2'];
    expect((await cli(args, '', { FORCE_COLOR: '1' })).out).toContain('\u001b[');
    expect((await cli(args, '', { FORCE_COLOR: '1', NO_COLOR: '1' })).out).not.toContain('\u001b[');
  });
});

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')('on a bare Linux machine', () => {
  /** No Vulkan loader or driver is named to the command; it finds those of the npm package itself. */
  const bare = { LD_LIBRARY_PATH: '', VK_ICD_FILENAMES: '' };
  /** Nor can it unpack them. */
  const barest = { ...bare, XDG_CACHE_HOME: '/dev/null' };

  it('without any adapter, auto computes on the CPU and says so, and webgpu is refused with 5', async ({ skip }) => {
    const args = ['explain', 'a b', '--model', tiny, '--json'];
    const refused = await cli([...args, '--device', 'webgpu'], '', barest);
    if (refused.code === 0) skip('this machine has a GPU of its own');
    expect(refused).toMatchObject({ code: 5, out: '' });
    expect(refused.err).toMatch(/^webspex: no-adapter: device webgpu: expected a GPU, got none: [^\n]+; use --device wasm\n$/);
    const auto = await cli(args, '', barest);
    expect(auto.err).toMatch(/^webspex: no GPU \([^\n]+\): computing on the CPU\n$/);
    expect(readExplanation(JSON.parse(auto.out)).device?.backend).toBe('wasm');
    // Nor does it take the software adapter from npm where that is at hand.
    const able = await cli(args, '', bare);
    expect(able.err).toBe(auto.err);
    expect(readExplanation(JSON.parse(able.out)).device?.backend).toBe('wasm');
  });

  it('WGSL runs on the software adapter from npm, which is said, and agrees with WebAssembly and the reference', async () => {
    const run = async (...options: string[]) =>
      documentOf(await cli(['explain', 'a b c', '--model', tiny, '--json', ...options], '', bare));
    const [webgpu, wasm, reference] = [await run('--device', 'webgpu'), await run(...CPU), await run('--device', 'reference')];
    expect(webgpu.device?.backend).toBe('webgpu');
    expect(wasm.device).toMatchObject({ backend: 'wasm', software: false });
    expect(reference.device).toEqual({ backend: 'reference', adapter: 'CPU (float64)', software: true });
    for (const e of [webgpu, wasm]) {
      expect(Math.abs(e.values.full - reference.values.full)).toBeLessThan(LOGITS);
      for (const { members, value } of reference.interactions)
        expect(Math.abs((interaction(e, ...members) ?? 0) - value)).toBeLessThan(8 * LOGITS);
    }
  });
});

describe('webspex explain --values', () => {
  it('transforms a complete table exactly: bit i of a place says that player i is present', async () => {
    const table = tableFile(at('planted.f32'), 5, planted);
    const e = documentOf(await cli(['explain', '--values', table, '--players', '5', '--index', 'Moebius', '--json']));
    expect(e.fit).toMatchObject({ chosen: 'exact', queries: 32, r2: 1, heldOut: 0 });
    expect(e.values).toEqual({ full: 5.5, empty: 1 });
    for (const [value, members] of [
      [2, [0, 1]],
      [-0.5, [4]],
      [3, [1, 2, 3]],
      [0, [0]],
      [0, [2, 3]],
    ] as const)
      expect(Math.abs((interaction(e, ...members) ?? 0) - value)).toBeLessThan(FLOAT32);
  });

  it('explains it with every method, each graded on all masks but the first two, by fits that have not seen them', async () => {
    const table = tableFile(at('ten.f32'), 10, planted);
    for (const method of ['linear', 'proxyspex', 'pursuit', 'gp', 'auto']) {
      const e = documentOf(await cli(['explain', '--values', table, '--players', '10', '--method', method, '--budget', '512', '--json']));
      expect(e.fit).toMatchObject({ heldOut: 510, folds: 5, queries: 512 });
      expect(e.method).toBe(method);
      // Only a linear fit cannot hold the planted pair and triple.
      if (method !== 'linear') expect(e.fit.r2).toBeGreaterThan(0.99);
      else expect(e.fit.r2).toBeLessThan(0.9);
    }
  });

  it('stops as soon as R² is sure enough, and audits what it found on fresh masks, if asked to', async () => {
    const table = tableFile(at('ten.f32'), 10, planted);
    const asked = [
      'explain',
      '--values',
      table,
      '--players',
      '10',
      '--method',
      'pursuit',
      '--budget',
      '900',
      '--until-r2',
      '0.9',
      '--audit',
    ];
    const { fit } = documentOf(await cli([...asked, '--json']));
    expect(fit.queries).toBeLessThan(300);
    expect(fit.until).toMatchObject({ r2: 0.9, reached: true });
    expect(fit.audit).toMatchObject({ masks: 32 });
    const ran = await cli(asked);
    expect(ran.out).toMatch(/\nAudited: R² [01]\.\d\d on 32 fresh masks \(95 % interval/);
    expect(ran.out).toMatch(/\nStopped: R² is at least 0\.9 with 95 % confidence \(bound [01]\.\d\d\)\n/);
  });

  it('explains it by SPEX, which plans its own passes within the budget and says how many it needs', async () => {
    const table = tableFile(at('ten.f32'), 10, planted);
    const spex = ['explain', '--values', table, '--players', '10', '--method', 'spex', '--budget'];
    const e = documentOf(await cli([...spex, '512', '--json']));
    expect(e.fit).toMatchObject({ chosen: 'spex', budget: 512 });
    expect(e.fit.queries).toBeLessThanOrEqual(512);
    expect(e.fit.heldOut).toBeGreaterThanOrEqual(16);
    expect(e.fit.r2).toBeGreaterThan(0.99);
    const refused = await cli([...spex, '100']);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/at least 264 passes for 10 players, got 100/);
  });

  it('names players by number in the report, and says that there is nothing to a text', async () => {
    const ran = await cli(['explain', '--values', at('planted.f32'), '--players', '5']);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^value {2}\+5\.50 · with no player present \+1\.00\n/);
    expect(ran.out).toMatch(/ x1 × x2 × x3 +\+3\.00 /);
    expect(ran.out).toContain('Exact: all 32 maskings were evaluated');
  });
});

/** Resolves when what a process says on stderr matches. */
function says(child: ChildProcess, pattern: RegExp): Promise<void> {
  let said = '';
  return new Promise((resolve) => {
    child.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString('utf8');
      if (pattern.test(said)) resolve();
    });
  });
}

/** A run that takes minutes on any machine. */
const LONG = ['explain', `${TEXT} `.repeat(12), '--budget', '100000', ...CPU];

describe.concurrent('a run that takes long, and Ctrl-C', () => {
  it('says beforehand what is quicker; stops, prints what is known, and exits with 130', async () => {
    const child = startCli([...LONG, '--json']);
    const end = ended(child);
    await says(child, /this will take/);
    child.kill('SIGINT');
    const ran = await end;
    expect(ran.err).toMatch(
      /^webspex: this will take about \d[^;\n]+; a smaller --budget or --units sentence is quicker, [^\n]+\n(?:webspex: \d[^\n]+\n)*webspex: stopping with what is known; Ctrl-C again ends at once\n$/,
    );
    const e = readExplanation(JSON.parse(ran.out));
    expect(e.fit.queries).toBeGreaterThanOrEqual(8);
    expect(e.fit.queries).toBeLessThan(e.fit.budget);
    expect(ran.code).toBe(130);
  });

  it('pressed again ends at once', async () => {
    const child = startCli(LONG);
    const end = ended(child);
    await says(child, /this will take/);
    child.kill('SIGINT');
    await says(child, /stopping/);
    child.kill('SIGINT');
    expect((await end).code).toBe(130);
  });

  it('while nothing is known yet says so in one line, and exits with 130', async () => {
    const child = startCli(['explain', '--stdin', ...CPU]);
    const said: string[] = [];
    child.stderr?.on('data', (bytes: Buffer) => said.push(bytes.toString('utf8')));
    // More than a pipe or socket holds: once it is taken, the command is under way and waits for the rest.
    await new Promise<void>((resolve) => child.stdin?.write('a '.repeat(450_000), () => resolve()));
    child.kill('SIGINT');
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
    expect(said.join('')).toBe('webspex: aborted: run: interrupted before there was anything to keep; run it again\n');
  });
});

/** The process that computes for a command that has been started. */
async function engineOf(child: ChildProcess): Promise<number> {
  const children = () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
  while (children() === '') await new Promise((resolve) => setTimeout(resolve, 20));
  return Number(children().split(' ')[0]);
}

describe.skipIf(process.platform !== 'linux')('the process that computes', () => {
  it('is found dead: device-lost, exit code 6, one line, nothing on stdout, never a wrong number', async () => {
    const child = startCli([...LONG, '--json']);
    const end = ended(child);
    process.kill(await engineOf(child), 'SIGKILL');
    const ran = await end;
    expect(ran.err).toMatch(/^webspex: device-lost: engine: expected an answer, got a process that ended with signal SIGKILL; [^\n]+\n$/);
    expect(ran).toMatchObject({ code: 6, out: '' });
  });

  it('dies with its parent, however that dies', async () => {
    const child = startCli(LONG);
    const end = ended(child);
    const engine = await engineOf(child);
    child.kill('SIGKILL');
    await end;
    const alive = () => existsSync(`/proc/${engine}`) && !/\) Z /.test(readFileSync(`/proc/${engine}/stat`, 'utf8'));
    while (alive()) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(alive()).toBe(false);
  });
});

describe('a reader that goes away early', () => {
  it('is no error', async () => {
    const child = startCli(['explain', '--values', tableFile(at('pipe.f32'), 12, (m) => Math.sin(m)), '--players', '12', '--json']);
    child.stdout?.once('data', () => child.stdout?.destroy());
    const err: string[] = [];
    child.stderr?.on('data', (bytes: Buffer) => err.push(bytes.toString()));
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
    expect(err.join('').replace(PROGRESS, '')).toBe('');
  });
});
