import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { WebspexError } from '../index.ts';
import {
  columnsInput,
  type MaskedInput,
  type OnnxModel,
  type OnnxRuntime,
  onnxExplainer,
  openOnnx,
  openSource,
  openTextSide,
  patchesInput,
  readLabelMap,
  readPng,
  readTable,
  readWav,
  type TextSide,
  windowsInput,
} from '../lens.ts';
import type { Explainer } from '../text.ts';
import { usage } from './arguments.ts';
import { decodeText, readBytes, readTextFile } from './files.ts';
import type { OnnxArguments } from './onnx-options.ts';

/** What WebAssembly can hold at all. */
const MOST_MODEL_BYTES = 2 ** 31;
const MOST_INPUT_BYTES = 2 ** 28;
/** Where exporters put weights that do not fit into the model's own file. */
const WEIGHTS = [(file: string) => `${file}_data`, (file: string) => `${file}.data`];

async function openRuntime(): Promise<OnnxRuntime> {
  try {
    return (await import('onnxruntime-web')) as unknown as OnnxRuntime;
  } catch (cause) {
    throw new WebspexError(
      'not-found',
      '--lens onnx: expected the npm package onnxruntime-web, got none; run npm install onnxruntime-web',
      {
        cause,
      },
    );
  }
}

function bytesOf(file: string, most: number): Promise<Uint8Array> {
  const tooLarge = (bytes: number) =>
    new WebspexError('bad-file', `${file}: expected at most ${most} bytes, got ${bytes}; use a smaller one`);
  return readBytes(file, most, tooLarge);
}

/** Files beside the model and one folder up, where the hub has them. */
function besides(onnx: string, file: string): string | undefined {
  const folder = dirname(onnx);
  return [folder, join(folder, '..')].find((place) => statSync(join(place, file), { throwIfNoEntry: false })?.isFile());
}

async function openModel({ onnx }: OnnxArguments): Promise<OnnxModel> {
  const bytes = await bytesOf(onnx, MOST_MODEL_BYTES);
  const beside = WEIGHTS.map((nameOf) => nameOf(onnx)).filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  const externalData = await Promise.all(
    beside.map(async (file) => ({ path: basename(file), data: await bytesOf(file, MOST_MODEL_BYTES) })),
  );
  return openOnnx(await openRuntime(), bytes, { id: basename(onnx), ...(externalData.length > 0 && { externalData }) });
}

async function textSideOf({ onnx, tokenizer }: OnnxArguments): Promise<TextSide> {
  const folder = tokenizer ?? besides(onnx, 'tokenizer.json');
  if (folder === undefined)
    throw usage(`--lens onnx: expected tokenizer.json beside ${onnx} or one folder up, got none; name its folder with --tokenizer`);
  return openTextSide(openSource(folder));
}

/** What Hugging Face's preprocessor_config.json says of pixels or samples. */
async function preprocessorOf(onnx: string): Promise<Readonly<Record<string, unknown>>> {
  const folder = besides(onnx, 'preprocessor_config.json');
  if (folder === undefined) return {};
  const file = join(folder, 'preprocessor_config.json');
  try {
    return JSON.parse(await readTextFile(file)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof WebspexError) throw error;
    throw new WebspexError('bad-file', `${file}: expected JSON, got something that does not parse; download it again`);
  }
}

const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every((v) => typeof v === 'number');

async function patchesOf(
  model: OnnxModel,
  { onnx, constants }: OnnxArguments,
  image: NonNullable<OnnxArguments['image']>,
): Promise<MaskedInput> {
  const { file, grid, regions, fill, mean, std } = image;
  const said = await preprocessorOf(onnx);
  const normalises = said.do_normalize !== false;
  const listed = (given: number[] | undefined, own: unknown) => given ?? (normalises && isNumbers(own) ? own : undefined);
  const scale = said.do_rescale === false ? 1 : typeof said.rescale_factor === 'number' ? said.rescale_factor : undefined;
  return patchesInput(model, readPng(await bytesOf(file, MOST_INPUT_BYTES), file), {
    grid,
    fill,
    constants,
    scale,
    mean: listed(mean, said.image_mean),
    std: listed(std, said.image_std),
    ...(regions !== undefined && { map: readLabelMap(await bytesOf(regions, MOST_INPUT_BYTES), regions) }),
  });
}

async function windowsOf(
  model: OnnxModel,
  { onnx, constants }: OnnxArguments,
  audio: NonNullable<OnnxArguments['audio']>,
): Promise<MaskedInput> {
  const { file, seconds, fill } = audio;
  const { sampling_rate: rate, do_normalize: normalise } = await preprocessorOf(onnx);
  return windowsInput(model, readWav(await bytesOf(file, MOST_INPUT_BYTES), file), {
    seconds,
    fill,
    constants,
    normalise: normalise === true,
    ...(typeof rate === 'number' && { rate }),
  });
}

async function inputOf(model: OnnxModel, given: OnnxArguments): Promise<MaskedInput | undefined> {
  const { table, image, audio, constants } = given;
  if (image) return patchesOf(model, given, image);
  if (audio) return windowsOf(model, given, audio);
  if (!table) return undefined;
  const { file, ...options } = table;
  return columnsInput(model, readTable(decodeText(await bytesOf(file, MOST_INPUT_BYTES), file), file), { ...options, constants });
}

/** Opens the model and its input. @throws usage, not-found, bad-file, unsupported-model. */
export async function openOnnxExplainer(given: OnnxArguments): Promise<Explainer> {
  const start = performance.now();
  const text = given.kind === 'text' ? await textSideOf(given) : undefined;
  const labels = given.labels === undefined ? undefined : (await readTextFile(given.labels)).split(/\r?\n/).map((line) => line.trim());
  const model = await openModel(given);
  const input = await inputOf(model, given);
  if (text && given.constants) throw usage('--constants: expected --table, --image or --audio, got a text; leave it out');
  return onnxExplainer(model, { input, text, output: given.output, labels, scores: given.scores }, performance.now() - start);
}
