const two = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A size with two decimals: 0.06. Sizes that would read 0.00 or run long take three significant digits: 0.0042, 1.2e+7. */
export function size(value: number): string {
  const much = Math.abs(value);
  if (much !== 0 && (much < 0.005 || much >= 1e6)) return value.toPrecision(3).replace('-', '−').replace('e−', 'e-');
  return two.format(value).replace('-', '−');
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
  if (ms < 950) return `${size(Math.max(0.1, Math.round(ms / 100) / 10)).replace(/0$/, '')} s`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 119_500) return `${Math.round(ms / 1000)} s`;
  return `${Math.round(ms / 60_000)} min`;
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
