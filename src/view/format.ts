const two = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** Below this a number is written with its power of ten: nobody counts zeros. */
const TINY = 1e-4;

/** A size with two decimals: 0.06. Sizes that would read 0.00 or run long take two significant digits: 0.0042, 6.0e-6, 1.2e+7. */
export function size(value: number): string {
  const much = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (much !== 0 && (much < TINY || much >= 1e6)) return sign + much.toExponential(1);
  return sign + (much !== 0 && much < 0.005 ? much.toPrecision(2) : two.format(much));
}

/** A signed number with a true minus sign: +2.17, −0.42, 0.00. */
export function signed(value: number): string {
  if (value === 0) return size(0);
  return `${value < 0 ? '−' : '+'}${size(Math.abs(value))}`;
}

/** 1,024. */
export function count(value: number): string {
  return whole.format(value);
}

/** A share as whole per cents, rounded down, so that 99.6 % never reads as everything. */
export function percent(share: number): string {
  return `${share < 0 ? '−' : ''}${Math.floor(Math.abs(share) * 100)} %`;
}

/** An interval of shares: 91 to 96 %; an R² below zero says no more than that it is. */
export function percents(low: number, high: number): string {
  return `${low < 0 ? 'below 0' : percent(low).replace(' %', '')} to ${high < 0 ? '0 %' : percent(high)}`;
}

/** 0.3 s, 12 s, 4 min. */
export function duration(ms: number): string {
  if (ms < 9950) return `${Math.max(0.1, ms / 1000).toFixed(1)} s`;
  if (ms < 119_500) return `${Math.round(ms / 1000)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** 3.4 a second, 1,024 a second. */
export function rate(perSecond: number): string {
  return `${perSecond < 10 ? perSecond.toFixed(1) : count(perSecond)} a second`;
}

/** 3.2 of 23.0 MB; 3.2 MB where nobody knows of how much, or where it is all. */
export function megabytes(loaded: number, total: number | null): string {
  const mega = (bytes: number) => (bytes / 1e6).toFixed(1);
  return `${total === null || total <= loaded ? mega(loaded) : `${mega(loaded)} of ${mega(total)}`} MB`;
}

/** Half of a surrogate pair without the other: no character, and not to be written to a file. */
export const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * Text as a reader should see it: control and direction characters, which could hide or reorder it, are written out. Line feeds, tabs, the
 * joiners that emoji and scripts need, and soft hyphens stay.
 */
export function visible(text: string): string {
  return text
    .replace(LONE_SURROGATE, '\ufffd')
    .replace(/[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, (c) =>
      c === '\n' || c === '\t' ? c : `\\u{${(c.codePointAt(0) as number).toString(16)}}`,
    );
}

/** Writing direction by the first strong character, as `dir="auto"` finds it. */
export function directionOf(text: string): 'ltr' | 'rtl' {
  const strong = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]|\p{L}/u.exec(
    text,
  )?.[0];
  return strong !== undefined &&
    /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u.test(strong)
    ? 'rtl'
    : 'ltr';
}
