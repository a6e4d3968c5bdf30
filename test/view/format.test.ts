import { describe, expect, it } from 'vitest';
import { count, directionOf, duration, megabytes, percent, percents, rate, signed, size, visible } from '../../src/view/format.ts';

describe('numbers', () => {
  it('are written with two decimals and a true minus sign', () => {
    expect([2.174, -0.4249, 0, 12345.678].map(signed)).toEqual(['+2.17', '−0.42', '0.00', '+12,345.68']);
    expect(count(1024)).toBe('1,024');
  });

  it('never read 0.00 where they are not zero, and do not run long', () => {
    expect([0.0042, 0.00031, 6.03e-6, 1e-9, 12_345_678].map(size)).toEqual(['0.0042', '0.00031', '6.0e-6', '1.0e-9', '1.2e+7']);
    expect([-0.0042, -6.03e-6, 6.03e-6].map(signed)).toEqual(['−0.0042', '−6.0e-6', '+6.0e-6']);
    expect([-0.42, -6.03e-6].map(size)).toEqual(['−0.42', '−6.0e-6']);
  });

  it('round shares down, so that nearly everything is not everything', () => {
    expect([0.996, 1, 0.5, -0.2].map(percent)).toEqual(['99 %', '100 %', '50 %', '−20 %']);
  });

  it('call a negative bound of R² below 0, however negative', () => {
    expect(percents(0.91, 0.965)).toBe('91 to 96 %');
    expect(percents(-10, 0.99)).toBe('below 0 to 99 %');
    expect(percents(-10, -0.5)).toBe('below 0 to 0 %');
  });

  it('say times as people do', () => {
    expect([20, 340, 1234, 12_345, 240_000].map(duration)).toEqual(['0.1 s', '0.3 s', '1.2 s', '12 s', '4 min']);
  });

  it('say how fast, and how much of how much while both are known and differ', () => {
    expect([3.42, 1024].map(rate)).toEqual(['3.4 a second', '1,024 a second']);
    expect([megabytes(3.2e6, 23e6), megabytes(0.7e6, 0.7e6), megabytes(0.7e6, null)]).toEqual(['3.2 of 23.0 MB', '0.7 MB', '0.7 MB']);
  });
});

describe('text', () => {
  it('shows characters that hide or reorder others, and leaves joiners, tabs and line feeds', () => {
    expect(visible('a\u202eb\u0007\ufeff')).toBe('a\\u{202e}b\\u{7}\\u{feff}');
    expect(visible('a\n\tb 👩‍👧 क्‍ष')).toBe('a\n\tb 👩‍👧 क्‍ष');
    expect(visible('x\ud800y')).toBe('x\ufffdy');
  });

  it('runs as its first strong character does', () => {
    expect(['שלום world', '123 مرحبا', 'hello שלום', '… 42', ''].map(directionOf)).toEqual(['rtl', 'rtl', 'ltr', 'ltr', 'ltr']);
  });
});
