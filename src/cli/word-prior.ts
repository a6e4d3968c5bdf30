import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Explanation, WebspexError } from '../index.ts';
import { LEAST_TEXTS, type ModelInfo, type WordPrior } from '../text.ts';
import { type Arguments, usage } from './arguments.ts';
import { cacheFolder } from './chromium-package.ts';
import { checkWritable, readBytes, writeWhole } from './files.ts';
import type { AnyExplainer } from './session.ts';
import { count } from './terminal/numbers.ts';

export const WORD_PRIOR_OPTIONAL = ['word-prior'] as const;

export const WORD_PRIOR_HELP = [
  [
    '--word-prior[=FILE]',
    `of a text: begin from what earlier explanations with this option say of which words matter to this model, from ${LEAST_TEXTS} texts on, and add this one; kept in the cache folder, or in FILE`,
  ],
] as const;

/** Some hundreds of texts of some dozens of words each. */
const MOST_BYTES = 2 ** 26;

/** Where a word prior is kept: a file, or by default one for each model. */
export interface WordPriorPlace {
  readonly file?: string;
}

/** What `--word-prior` asks, or null where it is not given. @throws usage with what has no use for it. */
export function wordPriorOf(args: Arguments): WordPriorPlace | null {
  if (!args.has('word-prior')) return null;
  const method = args.value('method')?.toLowerCase() ?? 'auto';
  if (method !== 'auto' && method !== 'gp')
    throw usage(`--word-prior: expected method auto or gp, got ${method}; no other begins from anything`);
  const lens = args.value('lens')?.toLowerCase() ?? 'text';
  if (lens !== 'text') throw usage(`--word-prior: expected --lens text, got ${lens}; its players are no words`);
  if (args.has('server')) throw usage('--word-prior: expected a model here, got --server, whose words nobody shows; leave it out');
  const file = args.value('word-prior');
  checkWritable('word-prior', file);
  return { file };
}

/** A word prior in a file: what it says now, and how an explanation is added. */
export interface OpenedPrior {
  readonly prior: WordPrior | undefined;
  /** What the file will say once this is in it, and where that is; written by `save`. */
  with(explanation: Explanation): Promise<{ readonly said: string; save(): Promise<void> }>;
}

/** @throws bad-file where the file is no word prior, usage where the model shows no words. */
export async function openWordPrior({ file }: WordPriorPlace, { model, learnWords }: AnyExplainer): Promise<OpenedPrior> {
  if (!model || !learnWords) throw usage('--word-prior: expected a model that shows its words, got one that does not; leave it out');
  const path = file ?? defaultFile(model);
  return {
    prior: await read(path),
    async with(explanation) {
      // Where all maskings were evaluated nothing was estimated.
      if (explanation.fit.influences === undefined) return { said: `nothing of this text was added to ${path}`, save: async () => {} };
      // What another process has added meanwhile is not lost.
      const next = await learnWords(explanation, await read(path));
      const enough = next.texts.length > LEAST_TEXTS ? '' : `; from ${LEAST_TEXTS} others on it counts`;
      return {
        said: `${next.texts.length === 1 ? '1 text is' : `${count(next.texts.length)} texts are`} kept in ${path}${enough}`,
        save: () => write(path, next),
      };
    },
  };
}

function defaultFile({ sha256 }: ModelInfo): string {
  return join(cacheFolder(), 'word-priors', `${sha256.slice(0, 16)}.json`);
}

async function read(path: string): Promise<WordPrior | undefined> {
  if (!existsSync(path)) return undefined;
  const tooLarge = (bytes: number) => bad(path, `expected at most ${MOST_BYTES} bytes, got ${bytes}`);
  const text = (await readBytes(path, MOST_BYTES, tooLarge)).toString('utf8');
  try {
    // What it says is checked where it is used.
    return JSON.parse(text) as WordPrior;
  } catch (error) {
    throw bad(path, `expected the JSON of a word prior, got ${(error as Error).message}`);
  }
}

async function write(path: string, prior: WordPrior): Promise<void> {
  try {
    await writeWhole(path, `${JSON.stringify(prior)}\n`);
  } catch (error) {
    throw bad(path, `expected to write it, got ${(error as Error).message}`);
  }
}

function bad(path: string, what: string): WebspexError {
  return new WebspexError('bad-file', `${path}: ${what}; name another file, or remove this one`);
}
