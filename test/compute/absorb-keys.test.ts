import { testAbsorbing } from './absorbing.ts';

testAbsorbing('absorb-keys');
