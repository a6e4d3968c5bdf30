import type { Command } from '../command.ts';
export const doctor: Command = { name: 'doctor', summary: '', synopsis: '', help: [], options: {}, run: async () => 0 };
