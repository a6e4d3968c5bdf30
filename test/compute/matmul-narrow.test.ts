import { describeTiling } from './matmul-tiles.ts';

describeTiling('narrow');
