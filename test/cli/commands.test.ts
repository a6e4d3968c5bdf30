import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { packGame } from '../../src/bench/needed/game.ts';
import type { Row } from '../../src/bench.ts';
import { sampleBudget } from '../../src/cli/commands/start.ts';
import { runningCommit } from '../../src/cli/commit.ts';
import type { Diagnosis } from '../../src/cli/diagnosis.ts';
import { sliceMasks } from '../../src/core/masks.ts';
import { pairedMasks } from '../../src/core/sample.ts';
import { readExplanation } from '../../src/element.ts';
import type { Verification } from '../../src/index.ts';
import { VERSION } from '../../src/index.ts';
import { longTinyLlama } from '../model/causal/support.ts';
import { naiveLogits } from '../model/tiny-encoder.ts';
import { cli, ended, ROOT, scratch, startCli, TINY, tinyModelFolder, tinyTensors } from './support.ts';

/** Nothing, or what a run says meanwhile that a busy machine makes slow. */
const QUIET = /^(?:webspex: \d[\d,]* of [\d,]+ passes.*\n+)*$/;

const folder = scratch();
const at = (name: string) => join(folder, name);
const CPU = ['--device', 'wasm'];
const tiny = tinyModelFolder(at('tiny'));
/** float32 logits against float64 formulas. */
const LOGITS = 1e-4;
/** What is printed to four decimals is off by half of the last. */
const FOUR_DECIMALS = 0.51e-4;

describe('webspex verify', () => {
  const ids = [5, 6, 7, 8, 9]; // a b c d e
  /** Log-odds of green of the tiny model, by the paper's formulas, with these words masked. */
  const logOdds = (masked: readonly number[]) => {
    const z = naiveLogits(tinyTensors, TINY, [1, ...ids.map((id, i) => (masked.includes(i) ? 3 : id)), 2]);
    return z[1] - Math.log(Math.exp(z[0]) + Math.exp(z[2]));
  };
  let found: Verification;
  beforeAll(async () => {
    const ran = await cli(['verify', 'a b c d e', '--members', 'D, b', '--target', 'green', '--model', tiny, '--json', ...CPU]);
    expect(ran).toMatchObject({ code: 0, err: expect.stringMatching(QUIET) });
    found = JSON.parse(ran.out) as Verification;
  });

  it('asks the model itself for all 2ᵏ corners, and predicts them from the explanation', () => {
    expect(found).toMatchObject({ format: 'webspex-verification', version: 1, members: [1, 3] });
    expect(found.corners.map((c) => c.kept)).toEqual([[1, 3], [3], [1], []]);
    for (const { kept, measured, predicted } of found.corners) {
      expect(Math.abs(measured - logOdds([1, 3].filter((m) => !kept.includes(m))))).toBeLessThan(LOGITS);
      // Five words are explained exactly, so prediction and measurement must agree.
      expect(Math.abs(predicted - measured)).toBeLessThan(LOGITS);
    }
  });

  it('gives the joint effect by inclusion–exclusion, and the index apart from it', () => {
    const joint = logOdds([]) - logOdds([1]) - logOdds([3]) + logOdds([1, 3]);
    expect(Math.abs(found.joint.measured - joint)).toBeLessThan(4 * LOGITS);
    expect(found.index).toEqual({
      name: 'FBII',
      value: found.explanation.interactions.find((i) => i.members.join() === '1,3')?.value,
      se: 0,
    });
    expect(Math.abs((found.index?.value ?? 0) - joint)).toBeGreaterThan(LOGITS);
    expect(readExplanation(found.explanation).target).toBe('green');
  });

  it('measures a control pair beside it', () => {
    expect(found.control?.members).toHaveLength(2);
    expect(found.control?.members).not.toEqual(found.members);
    expect(found.control?.corners).toHaveLength(4);
  });

  it('prints each masked text with what the model says and what was predicted, and what must not be compared', async () => {
    const ran = await cli(['verify', 'a b c d e', '--members', '1,3', '--target', 'green', '--model', tiny, ...CPU]);
    expect(ran).toMatchObject({ code: 0, err: expect.stringMatching(QUIET) });
    expect(ran.out).toMatch(/^b × d: log-odds of green, words masked in turn\n/);
    const printed = (name: string) => {
      const [, measured, predicted] = new RegExp(`\n${name} +([+−]?[\\d.]+) +([+−]?[\\d.]+)\n`).exec(ran.out) ?? [];
      return [measured, predicted].map((text) => Number(text?.replace('−', '-')));
    };
    const rows = ['a b c d e', 'a · c d e', 'a b c · e', 'a · c · e', 'joint effect'].map(printed);
    [...found.corners, found.joint].forEach(({ measured, predicted }, i) => {
      expect(Math.abs(rows[i][0] - measured)).toBeLessThan(FOUR_DECIMALS);
      expect(Math.abs(rows[i][1] - predicted)).toBeLessThan(FOUR_DECIMALS);
    });
    expect(ran.out).toMatch(/\njoint effect of . × ., a control +[+−]?\d/);
    expect(ran.out.replace(/\s+/g, ' ')).toContain(
      'is a mean over maskings of the other words: another number, not a prediction of this one.',
    );
  });

  it('takes the largest interaction where none is named', async () => {
    const ran = await cli(['verify', 'a b c d e', '--model', tiny, '--json', ...CPU]);
    const { members, explanation } = JSON.parse(ran.out) as Verification;
    expect(members).toEqual(explanation.interactions.find((i) => i.members.length > 1)?.members);
  });
});

describe('webspex view', () => {
  it('turns what explain --json printed into a standalone page, and prints where it is', async () => {
    const saved = await cli(['explain', 'a <b> c', '--model', tiny, '--json', ...CPU]);
    writeFileSync(at('saved.json'), saved.out);
    const named = await cli(['view', at('saved.json'), '--html', at('page.html')]);
    expect(named).toMatchObject({ code: 0, err: expect.stringMatching(QUIET) });
    const [path, address] = named.out.trim().split('\n');
    expect(path).toBe(at('page.html'));
    expect(fileURLToPath(address)).toBe(path);
    const page = readFileSync(path, 'utf8');
    expect(page).not.toContain('<b>');
    expect(JSON.parse(/<script type="application\/json" id="explanation">(.*?)<\/script>/s.exec(page)?.[1] ?? '')).toEqual(
      JSON.parse(saved.out),
    );

    const temporary = await cli(['view', at('saved.json')]);
    const [file] = temporary.out.split('\n');
    expect(readFileSync(file, 'utf8')).toBe(page);
    rmSync(dirname(file), { recursive: true });
  });
});

describe('webspex doctor', () => {
  it('finds a backend that runs the embedded model, whole by its manifest, and agrees with the reference; as one document', async () => {
    mkdirSync(at('cache/huggingface.co/org-name/refs'), { recursive: true });
    writeFileSync(at('cache/huggingface.co/org-name/refs/main.json'), '0123456789');
    const ran = await cli(['doctor', '--json'], '', { WEBSPEX_CACHE: at('cache') });
    expect(ran).toMatchObject({ code: 0, err: expect.stringMatching(QUIET) });
    const d = JSON.parse(ran.out) as Diagnosis;
    expect(d).toMatchObject({ format: 'webspex-doctor', webspex: VERSION, node: process.version, exitCode: 0 });
    expect(d.places.map((p) => p.place)).toEqual(['own', 'swiftshader']);
    for (const { adapter, why, limits } of d.places) {
      if (adapter) expect(limits.maxStorageBufferBindingSize).toBeGreaterThan(0);
      else expect(why).not.toBe('');
    }
    const manifest = JSON.parse(readFileSync(join(ROOT, 'models/minilm-sst2/manifest.json'), 'utf8'));
    expect(d.model).toMatchObject({ id: manifest.id, sha256: manifest.files['model.safetensors'].sha256 });
    expect(d.backends.find((b) => b.backend === 'reference')?.works).toBe(true);
    expect(d.backends.find((b) => b.backend === 'wasm')).toMatchObject({
      works: true,
      difference: expect.any(Number),
      adapter: expect.stringMatching(/^CPU \(WASM (?:plain|relaxed) SIMD, \d+ threads?\)$/),
    });
    const webgpu = d.backends.find((b) => b.backend === 'webgpu');
    if (d.places.some((p) => p.adapter))
      expect(webgpu).toMatchObject({ works: true, difference: expect.any(Number), tiling: expect.stringMatching(/^direct$|^\d+x\d+$/) });
    expect(d.cache).toEqual({ folder: at('cache'), models: [{ folder: join('huggingface.co', 'org-name'), bytes: 10 }] });
    expect(d.advice.length).toBeGreaterThan(0);
  });
});

describe('webspex bench', () => {
  it('prints rows as one document, each with its adapter and the commit that ran', async () => {
    writeFileSync(at('two.tsv'), 'sentence\tlabel\na good film\t1\na bad film\t0\n');
    const ran = await cli(['bench', 'sst2', '--data', at('two.tsv'), '--json', ...CPU]);
    expect(ran.code).toBe(0);
    const { rows } = JSON.parse(ran.out) as { rows: Row[] };
    expect(rows.map((r) => r.id)).toEqual(['sst2-0', 'sst2-30', 'sst2-60']);
    for (const row of rows)
      expect(row).toMatchObject({ ours: expect.any(Number), commit: await runningCommit(), adapter: expect.stringMatching(/^CPU \(WASM/) });
    for (const line of ran.err.split('\n').filter(Boolean)) expect(line).toMatch(/^webspex: sst2: /);
  });

  it('measures the embedded model on the file it is given, and needs no more of it than GLUE has', async () => {
    writeFileSync(at('dev.tsv'), 'sentence\tlabel\nher acting never fails to impress\t1\nthe plot is bad\t0\n');
    const ran = await cli(['bench', 'sst2', '--data', at('dev.tsv'), ...CPU]);
    expect(ran.code).toBe(0);
    for (const line of ran.err.split('\n').filter(Boolean)) expect(line).toMatch(/^webspex: sst2: /);
    expect(ran.out).toMatch(
      /^sst2-0 +100 % right {2}SST-2 dev, 0 % of words masked\n {2}on CPU \(WASM .*\) · backend wasm · sentences 2 ·\s/,
    );
  });

  it('reads games from a folder, keeps to the kinds asked for, and draws their curves', async () => {
    const head = { name: 'one', family: 'unanimity', n: 9, fit: 126, fresh: 60, spexBits: 0 } as const;
    const masks = pairedMasks(9, 186, 1);
    const values = Float64Array.from(masks.words, (word) => Number((word & 3) === 3) + ((word >> 4) & 1));
    const game = packGame({
      head,
      fit: { masks: sliceMasks(masks, 0, 126), values: values.subarray(0, 126) },
      fresh: { masks: sliceMasks(masks, 126, 186), values: values.subarray(126) },
      spex: null,
    });
    mkdirSync(at('games'), { recursive: true });
    writeFileSync(at('games/games.json'), JSON.stringify([head]));
    writeFileSync(at('games/one.bin'), game);
    writeFileSync(at('games/peers.json'), JSON.stringify({ made: {}, curves: { one: { 'shapiq ProxySPEX': [[125, 0.5]] } } }));
    const asked = ['bench', 'masks-needed', '--games', at('games'), '--families', 'unanimity', '--svg', at('curve.svg'), '--json', ...CPU];
    const ran = await cli(asked);
    expect(ran.code).toBe(0);
    const { rows } = JSON.parse(ran.out) as { rows: Row[] };
    expect(rows.map((r) => r.id.replace('needed-unanimity-', ''))).toEqual(['auto', 'pursuit', 'proxyspex', 'linear', 'shapiq-proxyspex']);
    expect(rows[0].details.r2At125).toBeGreaterThan(0.99);
    expect(readFileSync(at('curve.svg'), 'utf8')).toMatch(/^<svg [^>]*>[\s\S]*sums of unanimity games[\s\S]*<\/svg>\n$/);
  });

  it('measures the causal model that it is given beside float64, and needs no chat template', async () => {
    mkdirSync(at('llama'), { recursive: true });
    const ran = await cli(['bench', 'prompt', '--model', longTinyLlama(at('llama')), '--json', ...CPU]);
    expect(ran.code).toBe(0);
    const { rows } = JSON.parse(ran.out) as { rows: Row[] };
    expect(rows.map((r) => [r.id, r.equal, r.details.comparedWith])).toEqual([
      ['G3-16-wasm', true, 'reference'],
      ['G3-128-wasm', true, 'reference'],
    ]);
    for (const { title } of rows) expect(title).toMatch(/^256 masks of (16|128) words in a prompt of \d+ tokens, f32$/);
    for (const line of ran.err.split('\n').filter(Boolean)) expect(line).toMatch(/^webspex: prompt: wasm/);
  });

  it('takes the quickest backend where none is named, a GPU or WebAssembly but never software, and says which', async () => {
    writeFileSync(at('one.tsv'), 'sentence\tlabel\nher acting never fails to impress\t1\n');
    const ran = await cli(['bench', 'sst2', '--data', at('one.tsv'), '--json']);
    expect(ran.code).toBe(0);
    const [{ adapter, details }] = (JSON.parse(ran.out) as { rows: Row[] }).rows;
    expect(ran.err).toMatch(/^webspex: sst2: on (?:wasm|webgpu)$/m);
    expect(details.backend).toBe(/^CPU \(WASM /.test(adapter) ? 'wasm' : 'webgpu');
    expect(adapter).not.toMatch(/\(software\)|float64/);
  });

  it('names the version where this is no checkout', async () => {
    expect(await runningCommit(folder)).toBe(VERSION);
  });
});

describe('webspex start', () => {
  it('with --no-serve explains the sample and ends by itself', async () => {
    const ran = await cli(['start', '--no-serve', ...CPU]);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/Her +acting +never +fails +to +impress, +but +the +plot +is +not₁₁ +bad, +not₁₃ +great\./);
    expect(ran.out).toMatch(/\n {2}never × fails +\+\d/);
    expect(ran.out).toMatch(/\n {2}not₁₁ × bad +\+\d/);
    expect(ran.out).toMatch(/R² 0\.9\d: explains/);
    expect(ran.out).toContain('1,024 of 1,024 passes');
    expect(ran.out).not.toContain('http://');
  });

  it('spends less where every pass is slow, unless it is told', () => {
    expect([sampleBudget(undefined, { software: true }), sampleBudget(undefined, { software: false })]).toEqual([256, undefined]);
    expect([sampleBudget(99, { software: true }), sampleBudget(99, { software: false })]).toEqual([99, 99]);
  });

  it('serves the built page afterwards, and ends with 0 at Ctrl-C', async () => {
    expect(existsSync(join(ROOT, 'dist/demo/index.html')), 'npm run build makes the page').toBe(true);
    const child = startCli(['start', '--port', '0', '--budget', '16', ...CPU]);
    const end = ended(child);
    let said = '';
    const address = await new Promise<string>((resolve) => {
      child.stdout?.on('data', (bytes: Buffer) => {
        said += bytes.toString('utf8');
        const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(said);
        if (found) resolve(found[0]);
      });
    });
    const page = await fetch(address);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<title>webspex');
    const config = await fetch(`${address}models/minilm-sst2/config.json`);
    expect(await config.json()).toMatchObject({ model_type: 'bert' });
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 0, err: expect.stringMatching(QUIET) });
  });
});

describe('webspex help', () => {
  it('lists every command and exit code, and with a name all its options', async () => {
    const { out, code } = await cli(['help']);
    expect(code).toBe(0);
    for (const name of ['explain', 'verify', 'view', 'bench', 'doctor', 'start']) expect(out).toMatch(new RegExp(`\n  ${name} `));
    for (const exit of [0, 2, 3, 4, 5, 6, 7, 130]) expect(out).toMatch(new RegExp(`\n  ${exit} `));
    const explain = (await cli(['help', 'explain'])).out;
    for (const option of [
      'model',
      'target',
      'scalar',
      'units',
      'mask',
      'method',
      'index',
      'order',
      'budget',
      'seed',
      'device',
      'json',
      'html',
      'svg',
      'csv',
      'values',
      'players',
      'file',
      'stdin',
    ])
      expect(explain).toContain(`\n  --${option}`);
    expect((await cli(['explain', '--help'])).out).toBe(explain);
    expect((await cli(['--help'])).out).toBe(out);
    expect(await cli(['--version'])).toMatchObject({ code: 0, out: `${VERSION}\n`, err: '' });
  });
});
