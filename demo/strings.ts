import { count, duration, rate } from '../src/element.ts';
import type { ErrorCode } from '../src/index.ts';
import { LEAST_TEXTS } from '../src/text.ts';

/** What a reader can do about an error; null where there is nothing but another try. */
export type Remedy = 'again' | 'embedded' | 'reload' | 'cpu' | 'float64' | 'edit' | 'passes' | 'sentences';

export interface Advice {
  readonly cause: string;
  readonly remedy: Remedy;
}

/** One cause and one action for each error code. */
export const ADVICE: Readonly<Record<ErrorCode, Advice>> = {
  usage: { cause: 'This combination of settings does not work.', remedy: 'edit' },
  'empty-input': { cause: 'There is no text to explain.', remedy: 'edit' },
  'too-long': { cause: 'The text has more tokens than the model can read.', remedy: 'edit' },
  'budget-too-small': { cause: 'This needs more passes.', remedy: 'passes' },
  'bad-file': { cause: 'A file of the model is damaged.', remedy: 'reload' },
  'hash-mismatch': { cause: 'The model arrived other than it was published.', remedy: 'reload' },
  'unsupported-model': { cause: 'This model has an architecture that the page cannot run.', remedy: 'reload' },
  'not-found': { cause: 'The model could not be fetched.', remedy: 'reload' },
  'insecure-context': { cause: 'WebGPU needs https or localhost.', remedy: 'cpu' },
  'no-webgpu': { cause: 'This browser has no WebGPU.', remedy: 'cpu' },
  'no-adapter': { cause: 'WebGPU is here but found no GPU: a blocked driver, a remote desktop, or a flag.', remedy: 'cpu' },
  'no-wasm': {
    cause: 'WebAssembly with SIMD cannot run here: a security policy refuses it, or the browser is too old.',
    remedy: 'float64',
  },
  'device-lost': { cause: 'The GPU was reset, or the engine stopped. What was known is kept.', remedy: 'reload' },
  'out-of-memory': { cause: 'There is no memory left for this.', remedy: 'sentences' },
  'non-finite': { cause: 'The model answered with something that is no number.', remedy: 'edit' },
  'value-function': { cause: 'A pass of the model failed.', remedy: 'again' },
  'spend-cap': { cause: 'The run came to the cap that was set for it.', remedy: 'again' },
  'self-check': { cause: 'Something went wrong that should not.', remedy: 'reload' },
  aborted: { cause: 'Stopped before there was anything to show.', remedy: 'again' },
};

/** A chosen file holds no labelled examples. */
export const BAD_EXAMPLES: Advice = { cause: 'This file holds no labelled examples.', remedy: 'edit' };

export const REMEDIES: Readonly<Record<Remedy, string>> = {
  again: 'Try again',
  reload: 'Load the model again',
  embedded: 'Use the embedded model',
  cpu: 'Use the CPU',
  float64: 'Use float64 on the CPU (slow)',
  edit: 'Edit the text',
  passes: 'Double the passes',
  sentences: 'Split by sentences',
};

export const EXAMPLES: readonly string[] = [
  'Her acting never fails to impress.',
  'It is not bad, not bad at all.',
  'I expected to hate it, but the jokes land and nobody overacts.',
];

export const METHOD_NAMES: Readonly<Record<string, string>> = {
  auto: 'auto (best)',
  exact: 'exact (all)',
  lime: 'LIME',
  kernelshap: 'Kernel SHAP',
  permutation: 'permutation SHAP',
  banzhaf: 'Banzhaf',
  'faith-banzhaf': 'Faith-Banzhaf',
  'faith-shap': 'Faith-Shap',
  'kernelshap-iq': 'KernelSHAP-IQ',
  lasso: 'LASSO, pairs',
};

export const INDEX_NAMES: Readonly<Record<string, string>> = {
  BV: 'BV, Banzhaf',
  SV: 'SV, Shapley',
  Moebius: 'Möbius',
};

export const strings = {
  ownModel: (name: string) => `yours: ${name}`,
  examplesOf: (file: string) => `examples of ${file}`,
  exampleLabel: 'the likeliest label',
  badId: (id: string) => `id: expected org/name or org/name/file.gguf, got ${JSON.stringify(id)}; copy it from the model’s page on the hub`,
  targets: {
    'text-generation': 'its answer, or A vs B',
    'fill-mask': 'the likeliest, or A vs B',
    'feature-extraction': 'a text to compare with',
    'text-classification': '',
  },
  loading: 'loading the model…',
  loadingFile: (size: string) => `loading the model, ${size}`,
  ready: (adapter: string) => `model ready · ${adapter}`,
  failed: 'model not loaded',
  waiting: 'Starts as soon as the model is here…',
  takenBack: 'The model goes on loading; press Explain when you like.',
  evaluating: (queries: number, budget: number, perSecond: number, left: number) =>
    `${count(queries)} of ${count(budget)} passes${perSecond > 0 ? ` · ${rate(perSecond)} · ${duration(left)} left` : ''}`,
  decoding: (queries: number) => `${count(queries)} passes · finding interactions…`,
  stopping: 'Stopping: keeping what is known…',
  done: (queries: number, ms: number) => `${count(queries)} passes in ${duration(ms)}`,
  textsKept: (texts: number) =>
    ` · ${texts === 1 ? '1 text is' : `${count(texts)} texts are`} kept on this device${texts > LEAST_TEXTS ? '' : `; from ${LEAST_TEXTS} others on they count`}`,
  stopped: (queries: number) => `Stopped after ${count(queries)} passes; what is known is kept.`,
  stoppedEarly: 'Stopped before there was anything to show; the result below is the earlier one.',
  estimate: (passes: number, ms: number, device: string) => `${count(passes)}, about ${duration(ms)} on this ${device}`,
  plain: (passes: number) => `${count(passes)}`,
  exact: (passes: number) => `${count(passes)}: all there are`,
  where: { gpu: 'GPU', cpu: 'CPU', nowhere: 'machine' },
  noGpu: {
    'insecure-context': 'WebGPU needs https or localhost.',
    'no-webgpu': 'This browser has no WebGPU.',
    'no-adapter': 'WebGPU found no GPU here.',
    software: 'WebGPU has no real GPU here, only a slow software one.',
  },
  onCpu: 'The CPU does the passes.',
  device: { gpu: 'GPU', software: 'software GPU', cpu: 'CPU' },
  ownIndex: (method: string, index: string) => `${METHOD_NAMES[method] ?? method} estimates ${index}`,
  slow: (device: string, passes: number | null) =>
    passes === null ? `This ${device} is slow.` : `Slow ${device}: passes set to ${count(passes)}.`,
  many: (words: number, sentences: number) =>
    `${count(words)} words are ${count(words)} things to switch; splitting by sentences gives ${count(sentences)}.`,
  split: 'Split by sentences',
  fromLink: 'Text and settings are from a link. Press Explain.',
  restored: 'Text and settings are as you left them. Press Explain.',
  linkedModel: (id: string) => `The link was made with ${id}, a model of the hub. Nothing of it is fetched until you say so.`,
  loadLinked: (id: string) => `Load ${id}`,
  settingsFromLink: 'Settings are from a link.',
  linkCopied: 'Link copied.',
  linkShown: 'The link is in the address bar.',
  linkLong: 'The text is too long for a link; save the JSON instead.',
  linkHere: {
    text: 'It contains the text.',
    settings: 'It holds settings only.',
    noReference: 'The reference texts are not in it.',
    hub: (id: string) => `It names ${id}, which who opens it is asked about before it is fetched.`,
    noModel: 'Files of your own cannot be in a link: who opens it must choose the model.',
  },
  saved: (name: string) => `Saved ${name}.`,
  badge: { stored: 'stored result', live: 'live', done: 'computed here', stopped: 'stopped early' },
  theme: { auto: 'Theme: auto', light: 'Theme: light', dark: 'Theme: dark' },
  verifyFirst: 'Load the model first.',
  otherWeights: 'This explanation was made with another model than the one loaded here. Press Explain first.',
  tooMany: (most: number) => `Verify takes interactions of up to ${most} words: 2 to the power of their number are passed.`,
  asking: (passes: number) => `Asking the model ${count(passes)} times…`,
  verification: {
    heading: (names: string) => `${names}, on the real model`,
    text: 'Text',
    kept: 'Of them kept',
    model: 'Model',
    explanation: 'Explanation',
    joint: 'Joint effect, all others kept',
    control: (names: string, free: boolean) =>
      free
        ? `Control: ${names}, a random pair that the explanation does not join`
        : `Control: ${names}, the pair that the explanation joins least`,
    note: (value: string, index: string, scalar: string) =>
      `Numbers are ${scalar}. Bars: the model; black ticks: the explanation. The joint effect adds up these very answers by inclusion and exclusion; the ${value} in the table above is an average over maskings of the others (${index}), so the two need not agree.`,
    masked: 'masked',
  },
} as const;
