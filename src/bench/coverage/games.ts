import { WebspexError } from '../../core/errors.ts';
import { allMasks } from '../../core/masks.ts';
import { createRandom, type Random } from '../../core/random.ts';
import { evaluateSpectrum, spectrumFromTerms } from '../../spectrum/spectrum.ts';

/** A function of which every value is known: entry m belongs to the mask whose bit i says that player i is present. */
export interface Game {
  readonly name: string;
  /** Games of one kind are summed up together. */
  readonly family: string;
  readonly players: number;
  readonly values: Float32Array;
}

const PLAYERS = 13;

/** The name up to its first number: distilbert-imdb-14-03 is of distilbert-imdb. */
function familyOf(name: string): string {
  return name.replace(/[-_]?\d.*/, '') || name;
}

/** A table from a file of 2ⁿ little-endian float32. Probabilities, all strictly between 0 and 1, become log-odds. @throws bad-file. */
export function readGame(name: string, bytes: Uint8Array): Game {
  const count = bytes.length / 4;
  const players = Math.log2(count);
  if (!Number.isInteger(players) || players < 1 || players > 20)
    throw new WebspexError(
      'bad-file',
      `${name}: expected 2^n float32 values, n from 1 to 20, got ${bytes.length} bytes; name a folder of such tables`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = Float32Array.from({ length: count }, (_, m) => view.getFloat32(4 * m, true));
  const given = values.findIndex((v) => !Number.isFinite(v));
  if (given >= 0)
    throw new WebspexError('bad-file', `${name}: expected finite values, got ${values[given]} at place ${given}; mend the table`);
  const probable = values.every((p) => p > 0 && p < 1);
  return { name, family: familyOf(name), players, values: probable ? values.map((p) => Math.log(p / (1 - p))) : values };
}

/** Words of falling influence, neighbours and a triple that act together, and an output that saturates more in every second game. */
function saturating(random: Random, gain: number): Float64Array {
  const terms: (readonly [readonly number[], number])[] = [];
  for (let i = 0; i < PLAYERS; i++) terms.push([[i], random.normal() * 0.6 ** (i % 5)]);
  for (let k = 0; k < 10; k++) {
    const i = random.below(PLAYERS - 1);
    terms.push([k % 2 ? [i, i + 1] : [Math.min(i, 5), 6 + random.below(PLAYERS - 6)], 0.4 * random.normal()]);
  }
  terms.push([[1, 4, 8], 0.5 * random.normal()]);
  const latent = evaluateSpectrum(spectrumFromTerms(PLAYERS, terms), allMasks(PLAYERS));
  return latent.map((v) => Math.tanh(gain * v) / gain);
}

/** Groups of two or three words of which all, or any, must be there. */
function groups(random: Random): Float64Array {
  const drawn = Array.from({ length: 7 }, (_, k) => ({
    members: Array.from({ length: 2 + (k % 2) }, () => random.below(PLAYERS)),
    any: k % 3 === 0,
    weight: random.normal(),
  }));
  return Float64Array.from({ length: 2 ** PLAYERS }, (_, m) => {
    const has = (i: number) => ((m >> i) & 1) === 1;
    return drawn.reduce((sum, { members, any, weight }) => sum + ((any ? members.some(has) : members.every(has)) ? weight : 0), 0);
  });
}

/** Games that need no file. */
export function plantedGames(count: number): Game[] {
  return Array.from({ length: count }, (_, k) => {
    const random = createRandom(k + 1, 21);
    const values = k % 3 === 2 ? groups(random) : saturating(random, k % 2 ? 1.2 : 0.4);
    return { name: `planted-${k + 1}`, family: 'planted', players: PLAYERS, values: Float32Array.from(values) };
  });
}
