import { basename, dirname } from 'node:path';
import { type BenchContext, loadOn, type Place } from '../../bench.ts';
import { loadCausal, openSource } from '../../text.ts';

/** The causal model of `--model`, a folder or a GGUF file, on any backend. */
export function causalOf(place: string, open: Place['open']): NonNullable<BenchContext['loadCausal']> {
  const isFile = /\.gguf$/i.test(place);
  const [folder, file] = isFile ? [dirname(place), basename(place)] : [place, undefined];
  return (name) => loadOn(name, open, (backend) => loadCausal(openSource(folder), { backend }, file));
}
