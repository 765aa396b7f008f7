/** CPU time of another process, user and system, all threads, without its children. */
import { readFileSync } from 'node:fs';

/** USER_HZ, the unit of /proc/<pid>/stat: 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;

/** In microseconds; undefined on systems without /proc. */
export function cpuTime(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field, the name, may hold spaces and parentheses; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND;
}
