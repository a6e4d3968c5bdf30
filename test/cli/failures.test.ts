import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, scratch, tableFile, tinyModelFolder } from './support.ts';

const folder = scratch();
const at = (name: string) => join(folder, name);
const CPU = ['--device', 'wasm'];

tableFile(at('five.f32'), 5, (m) => m);
tableFile(at('nan.f32'), 3, (m) => (m === 6 ? Number.NaN : m));
writeFileSync(at('empty.txt'), ' \n\n');
writeFileSync(at('latin1.txt'), Uint8Array.of(0x63, 0x61, 0x66, 0xe9));
writeFileSync(at('broken.json'), '{"format": "webspex-expl');
writeFileSync(at('other.json'), '{"format": "something else"}');
mkdirSync(at('nothing-here'));

const tiny = tinyModelFolder(at('tiny'));
const truncated = tinyModelFolder(at('truncated'), { weights: (right) => right.slice(0, right.length - 100) });
const headless = tinyModelFolder(at('headless'), { weights: () => new TextEncoder().encode('not a safetensors file') });
const misshapen = tinyModelFolder(at('misshapen'), { config: { intermediate_size: 16 } });
const foreign = tinyModelFolder(at('foreign'), { config: { model_type: 't5', architectures: ['T5ForConditionalGeneration'] } });
const wordless = tinyModelFolder(at('wordless'), { leaveOut: 'tokenizer.json' });
const tampered = tinyModelFolder(at('tampered'), {
  manifest: {
    format: 'webspex-model',
    version: 1,
    id: 'tampered',
    revision: '',
    files: Object.fromEntries(['config.json', 'tokenizer.json', 'model.safetensors'].map((f) => [f, { bytes: 5, sha256: '0'.repeat(64) }])),
  },
});

/** What is typed, the exit code, and what the one line must say. */
const CASES: readonly (readonly [title: string, args: readonly string[], code: number, says: RegExp])[] = [
  ['no command', [], 2, /usage: .*see webspex help/],
  ['an unknown command, with the nearest', ['explian'], 2, /got explian; did you mean explain\?/],
  ['an unknown command with nothing near', ['frobnicate'], 2, /got frobnicate; there are explain, verify/],
  ['help of an unknown command', ['help', 'bnech'], 2, /did you mean bench\?/],
  ['an unknown option, with the nearest', ['explain', 'a b', '--budgt', '64'], 2, /got --budgt; did you mean --budget\?/],
  ['an option without its value', ['explain', 'a b', '--budget'], 2, /a value after --budget, got none/],
  ['an option in place of a value', ['explain', 'a b', '--model', '--json'], 2, /a value after --model, got none/],
  ['a value where none belongs', ['explain', 'a b', '--json=yes'], 2, /nothing after --json, got yes/],
  ['no text', ['explain'], 2, /expected a text, got none; give one in quotes/],
  ['an empty text', ['explain', ''], 2, /empty-input: .*expected some words, got none/],
  ['an empty file', ['explain', '--file', at('empty.txt')], 2, /empty-input: /],
  ['an empty standard input', ['explain', '--stdin'], 2, /empty-input: /],
  ['words without quotes', ['explain', 'never', 'fails'], 2, /expected one text, got 2; put the text in quotes/],
  ['a text and a file', ['explain', 'a b', '--file', at('empty.txt')], 2, /expected one text, got a text and --file/],
  ['a file that is not there', ['explain', '--file', at('none.txt')], 3, /not-found: .*none\.txt: expected a file, got no such file/],
  ['a folder as a file', ['explain', '--file', folder], 3, /not-found: .*got a folder/],
  ['a file that is not UTF-8', ['explain', '--file', at('latin1.txt')], 3, /bad-file: .*expected UTF-8 text/],
  ['a dtype that is none', ['explain', 'a b', '--dtype', 'fp8'], 2, /--dtype: expected one of fp32, fp16, got fp8/],
  ['half precision on the CPU', ['explain', 'a b', '--dtype', 'fp16', ...CPU], 2, /expected fp32 on device wasm, got fp16/],
  ['units that are none', ['explain', 'a b', '--units', 'wrods'], 2, /units: expected token, word, sentence, \/regex\/ or .*got wrods/],
  ['a broken regular expression', ['explain', 'a b', '--units', '/(/'], 2, /expected a regular expression.*got \/\(\//],
  ['spans that are no JSON', ['explain', 'a b', '--units', '[[0,1]'], 2, /expected spans as JSON, got \[\[0,1\]/],
  ['spans beyond the text', ['explain', 'a b', '--units', '[[0,99]]', '--model', tiny, ...CPU], 2, /within 3 characters, got \[0,99\]/],
  [
    'a mask rule that is none',
    ['explain', 'a b', '--mask', 'blank'],
    2,
    /mask: expected mask-token, remove, neutral, unk-token or replace:TEXT, got blank/,
  ],
  [
    'a method that is none',
    ['explain', 'a b', '--method', 'spax'],
    2,
    /--method: expected one of auto, exact, .*got spax; did you mean spex\?/,
  ],
  ['an index that is none', ['explain', 'a b', '--index', 'FBI'], 2, /--index: .*got FBI; did you mean FBII\?/],
  ['a scalar that is none', ['explain', 'a b', '--scalar', 'logits'], 2, /--scalar: .*did you mean logit\?/],
  ['an order of none', ['explain', 'a b', '--order', '0'], 2, /--order: expected a whole number from 1 to 64, got 0/],
  ['a seed that is no number', ['explain', 'a b', '--seed', '-1'], 2, /--seed/],
  ['a budget that is no number', ['explain', 'a b', '--budget', '1e3'], 2, /--budget: expected a whole number .*got 1e3/],
  ['a budget below the least', ['explain', 'a b', '--budget', '8'], 2, /budget-too-small: .*at least 16 passes, got 8/],
  ['an R² to reach that is none', ['explain', 'a b', '--until-r2', '90'], 2, /--until-r2: expected a number between 0 and 1 .*got 90/],
  ['an audit of no masks', ['explain', 'a b', '--audit=x'], 2, /--audit: expected a whole number from 2 .*got x/],
  [
    'a stop rule for a method with masks of its own',
    ['explain', 'a b c d e f g', '--method', 'lime', '--until-r2', '0.9', '--model', tiny, ...CPU],
    2,
    /untilR2: expected a method that is graded on the masks it fits, got lime/,
  ],
  ['a method that coverage cannot watch', ['bench', 'coverage', '--method', 'exact'], 2, /--method: expected one of auto, .*got exact/],
  [
    'a method of another benchmark',
    ['bench', 'decode', '--method', 'gp'],
    2,
    /--method: expected the benchmark coverage alone, got decode/,
  ],
  ['tables of another benchmark', ['bench', 'decode', '--tables', '.'], 2, /--tables: expected the benchmark coverage alone, got decode/],
  [
    'a budget too small to be exact',
    ['explain', 'a b c d e f g', '--method', 'exact', '--budget', '100', '--model', tiny, ...CPU],
    2,
    /budget-too-small: .*128 passes for 7 players, got 100/,
  ],
  ['a device that is none', ['explain', 'a b', '--device', 'cuda'], 2, /--device: expected one of auto, webgpu, wasm, reference, got cuda/],
  [
    'a model folder that is not there',
    ['explain', 'a b', '--model', at('no-model')],
    3,
    /not-found: model: expected a folder, a .gguf file or org\/name, got .*no-model/,
  ],
  [
    'a folder without a model',
    ['explain', 'a b', '--model', at('nothing-here')],
    3,
    /not-found: model: expected config\.json in .*nothing-here/,
  ],
  ['an address as a model', ['explain', 'a b', '--model', 'https://example.com/m'], 2, /expected a folder or org\/name, got an address/],
  ['a model without a tokenizer', ['explain', 'a b', '--model', wordless, ...CPU], 3, /not-found: .*tokenizer\.json/],
  ['weights cut short', ['explain', 'a b', '--model', truncated, ...CPU], 3, /bad-file: .*safetensors/],
  ['weights that are no safetensors', ['explain', 'a b', '--model', headless, ...CPU], 3, /bad-file: .*safetensors/],
  [
    'weights of another shape than the configuration says',
    ['explain', 'a b', '--model', misshapen, ...CPU],
    3,
    /bad-file: .*of shape \[16, 8\], got \[12, 8\]/,
  ],
  [
    'another architecture',
    ['explain', 'a b', '--model', foreign, ...CPU],
    3,
    /unsupported-model: .*expected bert, .*, got "t5"; supported: Bert.*GPT2LMHeadModel/,
  ],
  ['files that are not those of their manifest', ['explain', 'a b', '--model', tampered, ...CPU], 3, /hash-mismatch: config\.json/],
  [
    'more tokens than the model takes',
    ['explain', 'a '.repeat(30), '--model', tiny, ...CPU],
    2,
    /too-long: .*at most 20 tokens .*got 32; shorten the text/,
  ],
  [
    'a label the model has not',
    ['explain', 'a b', '--target', 'purple', '--model', tiny, ...CPU],
    2,
    /expected one of red, green, blue, got purple/,
  ],
  ['a table of the wrong length', ['explain', '--values', at('five.f32'), '--players', '6'], 3, /bad-file: .*expected 256 bytes .*got 128/],
  ['a table without the number of players', ['explain', '--values', at('five.f32')], 2, /expected --players N with --values/],
  [
    'more players than a table can have',
    ['explain', '--values', at('five.f32'), '--players', '40'],
    2,
    /--players: expected a whole number from 1 to 24, got 40/,
  ],
  ['a table with a hole', ['explain', '--values', at('nan.f32'), '--players', '3'], 7, /non-finite: .*got NaN at place 6/],
  ['a table and a text', ['explain', 'a b', '--values', at('five.f32'), '--players', '5'], 2, /either a text or --values, got both/],
  [
    'an option of texts with a table',
    ['explain', '--values', at('five.f32'), '--players', '5', '--units', 'word'],
    2,
    /no --units with --values/,
  ],
  ['players of a text', ['explain', 'a b', '--players', '2'], 2, /--players only with --values/],
  [
    'a page that could not be written',
    ['explain', 'a b', '--html', at('no/such/folder/a.html')],
    2,
    /--html: expected a file that can be written/,
  ],
  ['a page over a folder', ['explain', 'a b', '--html', folder], 2, /--html: .*a folder/],
  [
    'members of another text',
    ['verify', 'a b c', '--members', 'a,q', '--model', tiny, ...CPU],
    2,
    /--members: expected words of the text, got q/,
  ],
  ['members beyond the last', ['verify', 'a b c', '--members', '0,3', '--model', tiny, ...CPU], 2, /players from 0 to 2, got 3/],
  [
    'a member that stands there twice',
    ['verify', 'a b a', '--members', 'a,b', '--model', tiny, ...CPU],
    2,
    /expected one a, got 2 of them \(a₁, a₃\); write a1 for the first/,
  ],
  ['more members than are verified', ['verify', 'a b', '--members', '0,1,2,3,4'], 2, /--members: expected at most 4, got 5/],
  ['nothing between commas', ['verify', 'a b', '--members', 'a,,b'], 2, /words or numbers with commas between/],
  ['an unknown benchmark, with the nearest', ['bench', 'frward'], 2, /got frward; did you mean forward\?/],
  ['a benchmark without its data', ['bench', 'sst2'], 2, /bench sst2: expected --data FILE, got none/],
  ['data that is not there', ['bench', 'sst2', '--data', at('none.tsv')], 3, /not-found: .*none\.tsv/],
  ['a kind of games that there is not', ['bench', 'masks-needed', '--families', 'minilmm'], 2, /got minilmm; did you mean minilm\?/],
  [
    'an option of another benchmark',
    ['bench', 'decode', '--svg', 'x.svg'],
    2,
    /--svg: expected the benchmark masks-needed alone, got decode/,
  ],
  ['games that are not there', ['bench', 'masks-needed', '--games', at('nowhere')], 3, /not-found: .*games\.json/],
  ['a model with nothing to ask it', ['bench', 'masks-needed', '--model', at('nowhere')], 2, /--model: expected --fresh DIR beside it/],
  [
    'a model of a benchmark that takes none',
    ['bench', 'decode', '--model', at('nowhere')],
    2,
    /--model: expected the benchmark prompt, or masks-needed alone, got decode/,
  ],
  ['prompts of no model', ['bench', 'prompt'], 2, /bench prompt: expected --model FILE, got none/],
  ['a causal model that is not there', ['bench', 'prompt', '--model', at('none.gguf')], 3, /not-found: .*none\.gguf/],
  ['prompts of a classifier', ['bench', 'prompt', '--model', tiny, ...CPU], 3, /unsupported-model: .*/],
  [
    'the authors’ recipe of a method that has none',
    ['explain', 'a b', '--method', 'gp', '--faithful', '--model', tiny, ...CPU],
    2,
    /faithful: expected method proxyspex, got gp/,
  ],
  ['no file to view', ['view'], 2, /view: expected one file, got none/],
  ['a view of half a file', ['view', at('broken.json')], 3, /bad-file: .*expected JSON/],
  ['a view of another document', ['view', at('other.json')], 3, /bad-file: explanation: expected format/],
  ['a port that is none', ['start', '--port', '70000'], 2, /--port: expected a whole number from 0 to 65535, got 70000/],
  ['more after doctor', ['doctor', 'strange'], 2, /doctor: expected nothing after it, got strange/],
];

describe('a mistake gets one line on stderr, its exit code, and nothing on stdout:', () => {
  it.concurrent.each(CASES)('%s', async (_, args, code, says) => {
    const ran = await cli(args);
    expect(ran.err).toMatch(says);
    expect(ran.err).toMatch(/^webspex: [a-z-]+: [^\n]+\n$/);
    expect(ran.err).not.toMatch(/\n\s+at |node:internal|undefined/);
    expect(ran.out).toBe('');
    expect(ran.code).toBe(code);
  });

  it.concurrent('a port in use', async () => {
    const taken = createServer();
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
    const { port } = taken.address() as AddressInfo;
    const ran = await cli(['start', '--port', String(port)]);
    taken.close();
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toBe(`webspex: usage: --port: expected a free port, got ${port}, which is in use; name another\n`);
  });

  it.skipIf(process.getuid?.() === 0)('a folder that may not be written to (needs a user other than root)', async () => {
    mkdirSync(at('sealed'));
    chmodSync(at('sealed'), 0o500);
    const ran = await cli(['explain', 'a b', '--html', at('sealed/a.html')]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/--html: .*no permission to write there/);
  });
});

describe('a Node that may not run WebAssembly', () => {
  const env = { NODE_OPTIONS: '--jitless', LD_LIBRARY_PATH: '', VK_ICD_FILENAMES: '', XDG_CACHE_HOME: '/dev/null' };

  it.concurrent('refuses wasm by name with 5, and says what runs instead', async () => {
    const ran = await cli(['explain', 'a b', '--model', tiny, '--device', 'wasm'], '', env);
    expect(ran).toMatchObject({ code: 5, out: '' });
    expect(ran.err).toMatch(/^webspex: no-wasm: WASM: expected WebAssembly, got none; [^\n]+ device reference\n$/m);
  });

  it.concurrent('goes on to another backend by itself, and says so', async () => {
    const ran = await cli(['explain', 'a b', '--model', tiny, '--json'], '', env);
    expect(ran.code).toBe(0);
    const { backend } = JSON.parse(ran.out).device;
    expect(['webgpu', 'reference']).toContain(backend);
    if (backend === 'reference') expect(ran.err).toMatch(/^webspex: no WebAssembly in this Node: computing slowly$/m);
  });
});

describe('with --json too', () => {
  it.concurrent.each([
    ['a bad option', ['explain', 'a b', '--json', '--budget', '2'], 2],
    ['a bad model', ['explain', 'a b', '--json', '--model', truncated, ...CPU], 3],
    ['a bad table', ['explain', '--json', '--values', at('five.f32'), '--players', '6'], 3],
  ] as const)('%s leaves stdout empty', async (_, args, code) => {
    const ran = await cli(args);
    expect(ran).toMatchObject({ code, out: '' });
    expect(ran.err.trim().split('\n')).toHaveLength(1);
  });
});

describe('control characters in what was typed', () => {
  it('are written out, so that an error cannot steer the terminal', async () => {
    const ran = await cli(['explain', 'a b', '--units', 'wo\u001b[31mrd\u202e']);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('wo\\u{1b}[31mrd\\u{202e}');
    expect(ran.err).not.toContain('\u001b');
  });
});
