import type { Explanation, RunProgress } from '../index.ts';
import type { ProgressEvent } from '../text.ts';
import type { Io } from './io.ts';
import { columnsOf, shorten, visible } from './terminal/columns.ts';
import { count, duration } from './terminal/numbers.ts';
import { createStyle } from './terminal/style.ts';

/** What a run tells about itself on stderr: a line that is redrawn on a terminal, now and then a line elsewhere. */
export interface Progress {
  /** Something without a measure, such as looking for a GPU. */
  say(text: string): void;
  loading(event: ProgressEvent): void;
  passes(progress: RunProgress): void;
  look(snapshot: Explanation): void;
  /** A line that stays, above the moving one. */
  note(line: string): void;
  /** Takes the moving line away. */
  clear(): void;
}

/** A terminal is redrawn at most this often. */
const REDRAW_MS = 100;
/** Elsewhere the first line comes after this long, each later one after twice as long as the one before. */
const PLAIN_MS = 10_000;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A share from 0 to 1 as a bar of `width` columns. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  const full = '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7];
  return full + ' '.repeat(width - full.length);
}

/** `▕████    ▏ 512 of 1,024 passes · 340/s · 1.5 s left · R² 0.91`; the bar takes what room the words leave. */
export function passesLine({ queries, budget, masksPerSecond, etaMs, phase }: RunProgress, r2: number | null, width: number): string {
  // Fewer than the budget where all 2ⁿ masks are fewer.
  const total = Number.isFinite(etaMs) ? Math.min(budget, queries + Math.round((etaMs * masksPerSecond) / 1000)) : budget;
  const rate = masksPerSecond < 10 ? masksPerSecond.toFixed(1) : count(masksPerSecond);
  const words = [
    `${count(queries)} of ${count(total)} passes`,
    `${rate}/s`,
    phase === 'decoding' ? 'solving' : `${duration(etaMs)} left`,
    ...(r2 === null ? [] : [`R² ${r2.toFixed(2).replace('-', '−')}`]),
  ].join(' · ');
  const room = Math.min(30, width - columnsOf(words) - 3);
  return room >= 6 ? `▕${bar(queries / total, room)}▏ ${words}` : shorten(words, width);
}

/** Progress on `io.err`; `now` is a clock in ms. */
export function createProgress(io: Io, now: () => number = () => performance.now()): Progress {
  const style = createStyle(io.errDepth);
  const terminal = io.errIsTerminal;
  let shown = false;
  let drawn = Number.NEGATIVE_INFINITY;
  let wait = PLAIN_MS;
  let next = now() + wait;
  let r2: number | null = null;

  const draw = (line: () => string, force: boolean) => {
    if (!terminal || (!force && now() - drawn < REDRAW_MS)) return;
    drawn = now();
    shown = true;
    // The last column stays free: some terminals wrap as soon as it is written.
    io.err(`\r\u001b[K${line()}`);
  };
  const clear = () => {
    if (shown) io.err('\r\u001b[K');
    shown = false;
  };
  const width = () => io.columns() - 1;
  return {
    say: (text) => draw(() => style.dim(shorten(text, width())), true),
    loading(event) {
      if (event.status === 'ready') return;
      const share = event.progress === undefined ? '' : ` ${Math.floor(event.progress)} %`;
      const name = visible(event.name);
      const loaded = event.status === 'done' && event.file === 'model.safetensors';
      const what = loaded ? `preparing ${name} for the device` : `loading ${name}${event.file ? `/${event.file}` : ''}${share}`;
      draw(() => style.dim(shorten(`${what} …`, width())), event.status !== 'progress');
    },
    passes(progress) {
      draw(() => passesLine(progress, r2, width()), progress.phase === 'decoding' || progress.queries >= progress.budget);
      if (terminal || now() < next) return;
      wait *= 2;
      next = now() + wait;
      const { queries, budget, etaMs } = progress;
      io.err(
        `webspex: ${count(queries)} of ${count(budget)} passes, ${duration(etaMs)} left${r2 === null ? '' : `, R² ${r2.toFixed(2)}`}\n`,
      );
    },
    look(snapshot) {
      r2 = snapshot.fit.r2;
    },
    note(line) {
      clear();
      io.err(`webspex: ${line}\n`);
    },
    clear,
  };
}
