// The acknowledgment of Probot as `probot run` starts it: its own server with its own log of requests, in JSON as in
// production; an app that does nothing.
import { generateKeyPairSync } from "node:crypto";
import { run } from "probot";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const server = await run(() => {}, {
  env: {
    APP_ID: "1",
    PRIVATE_KEY: privateKey,
    WEBHOOK_SECRET: process.env.SECRET,
    WEBHOOK_PATH: "/webhook",
    HOST: "127.0.0.1",
    PORT: process.env.PORT,
    LOG_FORMAT: "json",
  },
});
console.error(`ready listen=127.0.0.1:${server.port}`);
