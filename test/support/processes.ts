import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface Process {
  /** The id of its process group. */
  group: number;
  args: string;
}

/** All running processes of this machine: from `/proc` on Linux, which may lack `ps`, else from `ps`. */
export function processes(): Process[] {
  return existsSync('/proc/self/stat') ? fromProc() : fromPs();
}

function fromProc(): Process[] {
  const found: Process[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // pid (name) state ppid pgrp …; the name may hold anything.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (state !== 'Z') found.push({ group: Number(group), args });
    } catch {
      // The process has ended since the list was made.
    }
  }
  return found;
}

function fromPs(): Process[] {
  const list = execFileSync('ps', ['-axo', 'pgid=,stat=,args='], { encoding: 'utf8' });
  const lines = list.matchAll(/^\s*(\d+)\s+([^Z\s]\S*)\s+(.*)$/gm);
  return Array.from(lines, ([, group, , args = '']) => ({ group: Number(group), args }));
}
