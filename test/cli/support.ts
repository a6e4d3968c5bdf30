import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import type { Io } from '../../src/cli/io.ts';
import type { Explanation } from '../../src/index.ts';
import { safetensorsFile } from '../model/support.ts';
import { randomTensors, type Tensors, type TinySizes } from '../model/tiny-encoder.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
const CLI = join(ROOT, 'dist/cli.js');

/** What a run of the built command line left behind. */
export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts the built command line without colours and without this process's terminal. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const { FORCE_COLOR: _, ...own } = process.env;
  return spawn(process.execPath, [CLI, ...args], { env: { ...own, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Waits for the end of a started process and gathers what it said. */
export function ended(child: ChildProcess, input?: string | Uint8Array): Promise<Ran> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => err.push(bytes));
  child.stdin?.on('error', () => {}); // it may end before it has read everything
  child.stdin?.end(input ?? '');
  return new Promise((done) => {
    child.on('close', (code) => done({ code, out: Buffer.concat(out).toString('utf8'), err: Buffer.concat(err).toString('utf8') }));
  });
}

/** Runs the built command line to its end. */
export function cli(args: readonly string[], input?: string | Uint8Array, env?: Readonly<Record<string, string>>): Promise<Ran> {
  return ended(startCli(args, env), input);
}

/** A folder for this file's tests, removed after them. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'webspex-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const TINY: TinySizes = {
  layers: 1,
  width: 8,
  heads: 2,
  hidden: 12,
  activation: 'gelu',
  epsilon: 1e-12,
  labels: 3,
  vocabulary: 31,
  positions: 20,
};

const letters = 'abcdefghijklmnopqrstuvwxyz'.split('');
const SPECIALS = ['[PAD]', '[CLS]', '[SEP]', '[MASK]', '[UNK]'];

/** Words `a` to `z` as tokens 5 to 30, in the format of Hugging Face. */
const tokenizerJson = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: SPECIALS.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: { '[CLS]': { id: '[CLS]', ids: [1], tokens: ['[CLS]'] }, '[SEP]': { id: '[SEP]', ids: [2], tokens: ['[SEP]'] } },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries([...SPECIALS, ...letters].map((token, id) => [token, id])),
  },
};

const configJson = {
  model_type: 'bert',
  architectures: ['BertForSequenceClassification'],
  hidden_size: TINY.width,
  num_hidden_layers: TINY.layers,
  num_attention_heads: TINY.heads,
  intermediate_size: TINY.hidden,
  hidden_act: 'gelu',
  vocab_size: TINY.vocabulary,
  max_position_embeddings: TINY.positions,
  type_vocab_size: 2,
  layer_norm_eps: TINY.epsilon,
  id2label: { 0: 'red', 1: 'green', 2: 'blue' },
};

/** Weights of the tiny model. */
export const tinyTensors: Tensors = randomTensors(TINY, 5);

export interface TinyChanges {
  readonly config?: Readonly<Record<string, unknown>>;
  /** The weights file in place of the right one. */
  readonly weights?: (right: Uint8Array) => Uint8Array;
  readonly leaveOut?: string;
  readonly manifest?: unknown;
}

/** A model folder as Hugging Face has it: one layer, three labels, one token a letter; with whatever is to be wrong with it. */
export function tinyModelFolder(folder: string, { config = {}, weights = (right) => right, leaveOut, manifest }: TinyChanges = {}): string {
  mkdirSync(folder, { recursive: true });
  const stored = Array.from(tinyTensors, ([name, { shape, values }]) => {
    return [name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }] as const;
  });
  const files: Record<string, string | Uint8Array> = {
    'config.json': JSON.stringify({ ...configJson, ...config }),
    'tokenizer.json': JSON.stringify(tokenizerJson),
    'model.safetensors': weights(safetensorsFile(Object.fromEntries(stored))),
    ...(manifest === undefined ? {} : { 'manifest.json': JSON.stringify(manifest) }),
  };
  for (const [name, content] of Object.entries(files)) if (name !== leaveOut) writeFileSync(join(folder, name), content);
  return folder;
}

/** A table of 2ⁿ values as the command line reads it. */
export function tableFile(file: string, n: number, value: (mask: number) => number): string {
  const bytes = new DataView(new ArrayBuffer(4 * 2 ** n));
  for (let m = 0; m < 2 ** n; m++) bytes.setFloat32(4 * m, value(m), true);
  writeFileSync(file, new Uint8Array(bytes.buffer));
  return file;
}

/** Streams that keep what was written. */
export function memoryIo(
  options: Partial<Pick<Io, 'errIsTerminal' | 'outDepth' | 'errDepth'>> & { width?: number } = {},
): Io & { stdout(): string; stderr(): string } {
  let [stdout, stderr] = ['', ''];
  return {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    outDepth: options.outDepth ?? 1,
    errDepth: options.errDepth ?? 1,
    errIsTerminal: options.errIsTerminal ?? false,
    columns: () => options.width ?? 80,
    stdout: () => stdout,
    stderr: () => stderr,
  };
}

/** The value of the interaction of just these players. */
export function interaction(e: Pick<Explanation, 'interactions'>, ...members: number[]): number | undefined {
  return e.interactions.find((i) => i.members.join() === members.join())?.value;
}
