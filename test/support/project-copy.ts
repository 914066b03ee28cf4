import { cpSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { temporaryFolder } from './folder.ts';
import { PROJECT } from './program.ts';

/** The files and folders that a copy of the project needs to run. */
const PARTS = [
  'src',
  'local-server',
  'scripts',
  'web',
  'package.json',
  'LICENSE',
  'tsconfig.base.json',
];

/** Copies the project, without its built page. @returns the folder of the copy */
export function copyOfProject(folder = temporaryFolder()): string {
  for (const part of PARTS) cpSync(join(PROJECT, part), join(folder, part), { recursive: true });
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** The path of a copy's file, as `Program` takes it. */
export function programIn(copy: string, file: string): string {
  return relative(PROJECT, join(copy, file));
}
