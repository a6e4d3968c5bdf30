import type { Explanation } from '../src/index.ts';

/** A signed number with a true minus. */
export function signed(value: number): string {
  return (value > 0 ? '+' : '') + value.toFixed(2).replace('-', '−');
}

/** A player's label, with its place where the word occurs twice. */
export function nameOf(e: Explanation, player: number): string {
  const label = e.players[player].label;
  const twice = e.players.filter((p) => p.label.toLowerCase() === label.toLowerCase()).length > 1;
  return twice ? `${label} (word ${player + 1})` : label;
}

/** The text cut at its players. */
export function textOf(e: Explanation): { text: string; player: number | null }[] {
  const runs: { text: string; player: number | null }[] = [];
  let at = 0;
  for (const p of e.players) {
    if (p.start > at) runs.push({ text: e.text.slice(at, p.start), player: null });
    runs.push({ text: e.text.slice(p.start, p.end), player: p.id });
    at = p.end;
  }
  runs.push({ text: e.text.slice(at), player: null });
  return runs;
}

/** What the explanation predicts for a row of 0/1 over the players. */
export function predictFor(e: Explanation, row: readonly number[]): number {
  return e.spectrum.reduce((sum, { members, coefficient }) => sum + (members.reduce((kept, m) => kept + row[m], 0) % 2 ? -coefficient : coefficient), 0);
}

/** One cause and one action for each error code; the message itself says what was expected and got. */
export const ADVICE: Readonly<Record<string, string>> = {
  'empty-input': 'Type a sentence first.',
  'too-long': 'Shorten the text.',
  'budget-too-small': 'Move the slider to more passes.',
  'insecure-context': 'WebGPU needs https or localhost.',
  'no-webgpu': 'This browser has no WebGPU; the stored explanation still works.',
  'no-adapter': 'WebGPU is here but found no GPU: a blocked driver, a remote desktop or a flag.',
  'device-lost': 'The GPU was reset. What was known is kept; press Explain to go on.',
  'out-of-memory': 'The GPU is out of memory: close other pages or shorten the text.',
  'hash-mismatch': 'The model arrived damaged: reload the page.',
  'not-found': 'The model could not be fetched: reload the page.',
  'non-finite': 'The model answered with a number that is none; try another text.',
};
