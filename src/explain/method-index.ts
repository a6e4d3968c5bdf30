import type { IndexName } from '../spectrum/index-weights.ts';

/** Methods that estimate one index, which is the only one they may be asked for. */
const OWN: Readonly<Record<string, IndexName>> = {
  kernelshap: 'SV',
  permutation: 'SV',
  banzhaf: 'BV',
  'faith-banzhaf': 'FBII',
  'faith-shap': 'FSII',
  'kernelshap-iq': 'k-SII',
};

/** The index of a method that estimates one, or null where any index can be read off its spectrum. */
export function methodIndex(method: string): IndexName | null {
  return Object.hasOwn(OWN, method) ? OWN[method] : null;
}
