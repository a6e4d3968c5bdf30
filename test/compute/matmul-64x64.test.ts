import { describeTiling } from './matmul-tiles.ts';

describeTiling('64x64');
