/** Renders the pages from `views/`; everything that is put in is escaped. */
import { fileURLToPath } from 'node:url';
import { Eta } from 'eta';
import type { CodeModel, HandOffModel, ToldModel } from './hand-off-models.ts';
import type { DocsModel, FailureModel, HomeModel, LoginModel, OnwardModel } from './models.ts';
import type { NewTokenModel } from './token-models.ts';

export const VIEWS = fileURLToPath(new URL('../../views', import.meta.url));

const eta = new Eta({ views: VIEWS, cache: true, autoEscape: true });

export function homePage(model: HomeModel): string {
  return eta.render('./home', model);
}

export function docsPage(model: DocsModel): string {
  return eta.render('./docs', model);
}

export function loginPage(model: LoginModel): string {
  return eta.render('./login', model);
}

export function onwardPage(model: OnwardModel): string {
  return eta.render('./onward', model);
}

export function failurePage(model: FailureModel): string {
  return eta.render('./failure', model);
}

export function handOffPage(model: HandOffModel): string {
  return eta.render('./hand-off', model);
}

export function codePage(model: CodeModel): string {
  return eta.render('./code', model);
}

export function toldPage(model: ToldModel): string {
  return eta.render('./told', model);
}

export function newTokenPage(model: NewTokenModel): string {
  return eta.render('./new-token', model);
}
