import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool, toolFile } from './tool.ts';

/**
 * Packs a folder with `npm pack`, of the npm that started this process or, if none did, of the npm in
 * the path.
 * @returns the tarball's name in `destination`
 * @throws Error with what npm says
 */
export function npmPack(folder: string, destination: string): string {
  const { npm_execpath: npm } = process.env;
  const [command, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const args = ['pack', '--json', '--pack-destination', destination];
  const { status, stdout, stderr } = spawnSync(command, [...first, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm could not pack ${folder}: ${stderr}`);
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  return packed?.filename ?? '';
}

/**
 * Makes the declarations of a TypeScript project.
 * @param project its folder under `src`, which has a `tsconfig.json`
 * @param made an empty folder; they are written below it as their sources are below `src`
 * @throws Error when its types do not fit
 */
export async function makeDeclarations(project: string, made: string): Promise<void> {
  const args = `-p src/${project} --rootDir src --composite false --noEmit false --declaration`;
  const emit = ['--emitDeclarationOnly', '--outDir', made];
  const code = await runTool(toolFile('typescript', 'tsc'), [...args.split(' '), ...emit]);
  if (code !== 0) throw new Error('The declarations could not be made; npm run check says why.');
}

/** Copies declarations into a package, where imports end in `.js`. @param change edits each text first */
export function copyDeclarations(from: string, to: string, change = (text: string) => text): void {
  for (const file of readdirSync(from)) {
    const text = change(readFileSync(join(from, file), 'utf8'));
    writeFileSync(join(to, file), text.replaceAll(/'(\.\/[\w-]+)\.ts'/g, "'$1.js'"));
  }
}
