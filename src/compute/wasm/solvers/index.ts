export { correlate } from './correlate';
export { factorRows, inverseRows, productRows } from './factor';
export { fwht32, fwht64 } from './fwht';
export { gram } from './gram';
export { bestGain, bestSplit, histogram, largestOf, packRows, partition, settle, subtract } from './leaves';
