import { testAbsorbing } from './absorbing.ts';

testAbsorbing('absorb-values');
