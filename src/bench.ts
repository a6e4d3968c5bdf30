import { coverage } from './bench/coverage.ts';
import { decode } from './bench/decode.ts';
import { forward } from './bench/forward.ts';
import { fwht } from './bench/fwht.ts';
import type { Benchmark } from './bench/harness.ts';
import { masksNeeded } from './bench/masks-needed.ts';
import { prompt } from './bench/prompt.ts';
import { removal } from './bench/removal.ts';
import { retrain } from './bench/retrain.ts';
import { sst2 } from './bench/sst2.ts';
import { tiles } from './bench/tiles.ts';
import { until } from './bench/until.ts';
import { wordPrior } from './bench/word-prior.ts';

export { type BackendName, embeddedBackends, loadOn, type Place } from './bench/backends.ts';
export { type Game, readGame } from './bench/coverage/games.ts';
export { COVERED_METHODS } from './bench/coverage.ts';
export { type BenchContext, type Benchmark, measure, type Row, spaced, spread } from './bench/harness.ts';
export { GAME_FAMILIES } from './bench/needed/summary.ts';
export { curvesSvg } from './bench/needed/svg.ts';

/** Every benchmark by the name that `webspex bench` takes. */
export const benchmarks: Readonly<Record<string, Benchmark>> = {
  coverage,
  decode,
  forward,
  fwht,
  'masks-needed': masksNeeded,
  prompt,
  removal,
  retrain,
  sst2,
  tiles,
  until,
  'word-prior': wordPrior,
};
