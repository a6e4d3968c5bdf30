export { correlate } from './correlate';
export { gram } from './gram';
export { bestGain, bestSplit, histogram, largestOf, packRows, partition, settle, subtract } from './leaves';
