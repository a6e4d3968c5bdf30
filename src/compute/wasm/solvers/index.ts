export { correlate } from './correlate';
export { bestGain, bestSplit, histogram, largestOf, packRows, partition, settle, subtract } from './leaves';
