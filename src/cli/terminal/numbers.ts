const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1,024 */
export function count(value: number): string {
  return whole.format(value);
}

/** Digits after the point at which numbers of this size have about three significant ones. */
export function decimalsFor(largest: number): number {
  if (!(largest > 0)) return 2;
  return Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(largest))));
}

/** A number with its sign, and a true minus. */
export function signed(value: number, decimals: number): string {
  const digits = Math.abs(value).toFixed(decimals);
  const zero = Number(digits) === 0;
  return `${zero ? ' ' : value > 0 ? '+' : '−'}${digits}`.trimStart();
}

/** 94 % or 93.9 %; never 100 % of what is not all, nor 0 % of what is not nothing. */
export function percent(share: number, decimals = 0): string {
  const least = 100 * 10 ** -(decimals + 2);
  const value = 100 * share;
  if (share < 1 && value > 100 - least / 2) return `>${(100 - least).toFixed(decimals)} %`;
  if (share > 0 && value < least / 2) return `<${least.toFixed(decimals)} %`;
  return `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(decimals)} %`;
}

/** 0.4 s, 12 s, 3 min 05 s, 5 h 20 min */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const rest = Math.round(seconds);
  if (rest >= 7200) return `${count(Math.floor(rest / 3600))} h ${String(Math.floor((rest % 3600) / 60)).padStart(2, '0')} min`;
  return `${Math.floor(rest / 60)} min ${String(rest % 60).padStart(2, '0')} s`;
}
