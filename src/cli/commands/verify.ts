import type { Command } from '../command.ts';
export const verify: Command = { name: 'verify', summary: '', synopsis: '', help: [], options: {}, run: async () => 0 };
