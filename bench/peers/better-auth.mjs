// better-auth's api-key plugin on SQLite behind a bare HTTP server: issues keys, then verifies what it is asked about.
// Arguments: a folder for its database, the file that its keys are written to, how many keys, and for how long
// (seconds) it may issue them.

import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import Database from "better-sqlite3";

const [folder, keysFile, wanted, seconds] = process.argv.slice(2);

const database = new Database(join(folder, "better-auth.db"));
// As better-sqlite3's manual recommends. Without it, each call waits for the disk.
database.pragma("journal_mode = WAL");

const options = {
  baseURL: "http://localhost",
  secret: "a bench has nothing to hide, but 32 characters",
  database,
  emailAndPassword: { enabled: true },
  // A wrong key would be a line on the terminal each.
  logger: { disabled: true },
  telemetry: { enabled: false },
  plugins: [apiKey({ rateLimit: { enabled: false } })],
};
const { runMigrations } = await getMigrations(options);
await runMigrations();
const auth = betterAuth(options);

const { user } = await auth.api.signUpEmail({
  body: { name: "Owner", email: "owner@example.com", password: "violet-harbour-9-lanterns" },
});
const permissions = { invoices: ["read", "write"] };
const until = Date.now() + Number(seconds) * 1000;
const keys = [];
while (keys.length < Number(wanted) && Date.now() < until) {
  const body = { userId: user.id, name: `hot key ${keys.length}`, permissions };
  keys.push((await auth.api.createApiKey({ body })).key);
}
writeFileSync(keysFile, keys.map((key) => `${key}\n`).join(""));

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    let status = 200;
    let answer;
    try {
      const { key, permissions } = JSON.parse(Buffer.concat(chunks).toString());
      answer = await auth.api.verifyApiKey({ body: { key, permissions } });
    } catch (error) {
      status = 500;
      answer = { error: String(error) };
    }
    const text = JSON.stringify(answer);
    response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.end(text);
  });
});
server.listen(0, "127.0.0.1", () => console.log(`verifying at http://localhost:${server.address().port}`));
process.on("SIGTERM", () => {
  server.close(() => database.close());
  server.closeAllConnections();
});
