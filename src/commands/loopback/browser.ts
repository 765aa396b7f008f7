/** The browser of this machine: whether there is one in front of a person, and opening an address in it. */
import { existsSync } from 'node:fs';
import type { Environment } from '../../config/interpolate.ts';

/** Where container engines say that they are one. */
const CONTAINER_FILES = ['/.dockerenv', '/run/.containerenv'];

/** What `hasBrowser` looks at besides the environment. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly isContainer: boolean;
}

/**
 * True where a browser that is opened here is seen by the person who started us. The `BROWSER` of the environment
 * decides where it is set (editors that work on another machine set it to reach the person's own); `none` means none.
 */
export function hasBrowser(env: Environment, machine: Machine): boolean {
  const { BROWSER: browser = '' } = env;
  if (browser !== '') return browser !== 'none';
  const isRemote = isSet(env.SSH_CONNECTION) || isSet(env.SSH_CLIENT) || isSet(env.SSH_TTY);
  const isAutomatic = isSet(env.CI) && env.CI !== 'false';
  const isContainer = machine.isContainer || isSet(env.container) || isSet(env.KUBERNETES_SERVICE_HOST);
  if (isRemote || isAutomatic || isContainer) return false;
  if (machine.platform === 'darwin' || machine.platform === 'win32') return true;
  return isSet(env.DISPLAY) || isSet(env.WAYLAND_DISPLAY);
}

export function thisMachine(): Machine {
  return { platform: process.platform, isContainer: CONTAINER_FILES.some((file) => existsSync(file)) };
}

/** Opens an http(s) address; the program gets it as an argument, never through a shell. Rejects where that fails. */
export async function openBrowser(url: URL): Promise<void> {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error('not an http(s) address');
  // Looks around on the machine when it is loaded, so only where it is needed.
  const { default: open } = await import('open');
  const child = await open(url.href);
  child.on('error', () => undefined);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
