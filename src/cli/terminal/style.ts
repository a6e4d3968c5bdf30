import type { ColourDepth } from '../io.ts';

/** −3 … 3: away strongly … nothing … toward strongly. */
export type Level = -3 | -2 | -1 | 0 | 1 | 2 | 3;

/** Ways to mark text; each is the identity where there are no colours. */
export interface Style {
  /** Orange toward the target, blue away from it, stronger by level; black on it, so that it reads on any background. */
  fill(level: Level, text: string): string;
  /** The same two colours as text, for marks and bars. */
  ink(sign: number, text: string): string;
  bold(text: string): string;
  dim(text: string): string;
  warn(text: string): string;
}

const TOWARD = [
  [253, 224, 192],
  [250, 189, 126],
  [242, 145, 61],
] as const;
const AWAY = [
  [209, 229, 253],
  [152, 198, 250],
  [92, 163, 244],
] as const;
/** The nearest of the 256 colours. */
const TOWARD_256 = [223, 215, 208];
const AWAY_256 = [153, 117, 75];

function sgr(codes: string, text: string): string {
  return text === '' ? '' : `\u001b[${codes}m${text}\u001b[0m`;
}

function background(depth: ColourDepth, level: Exclude<Level, 0>): string {
  const strength = Math.abs(level) - 1;
  if (depth === 24) return `48;2;${(level > 0 ? TOWARD : AWAY)[strength].join(';')}`;
  if (depth === 8) return `48;5;${(level > 0 ? TOWARD_256 : AWAY_256)[strength]}`;
  return level > 0 ? '43' : '46';
}

function foreground(depth: ColourDepth, sign: number): string {
  if (depth === 24) return `38;2;${sign > 0 ? '222;116;22' : '48;130;222'}`;
  if (depth === 8) return `38;5;${sign > 0 ? 172 : 68}`;
  return sign > 0 ? '33' : '34';
}

/** Marks for a terminal of this depth of colour. */
export function createStyle(depth: ColourDepth): Style {
  if (depth === 1) {
    const plain = (text: string) => text;
    return { fill: (_, text) => text, ink: (_, text) => text, bold: plain, dim: plain, warn: plain };
  }
  const black = depth === 4 ? '30' : depth === 8 ? '38;5;16' : '38;2;20;20;20';
  return {
    fill: (level, text) => (level === 0 ? text : sgr(`${black};${background(depth, level)}`, text)),
    ink: (sign, text) => (sign === 0 ? text : sgr(foreground(depth, sign), text)),
    bold: (text) => sgr('1', text),
    dim: (text) => sgr('2', text),
    warn: (text) => sgr('1;33', text),
  };
}
