import base from './playwright.config';

export default { ...base, testDir: 'measure', workers: 1, retries: 0, projects: [{ name: 'measure' }] };
