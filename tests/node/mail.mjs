// Opens mails in light and dark, at several widths. node mail.mjs CHROMIUM [DIRECTORY for pictures] FILE...
// Prints one line of JSON for each mail, color scheme and width: what overflows, what is hard to read, what was asked for.

import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const [executable, pictures, ...files] = process.argv.slice(2);
const WIDTHS = pictures ? [375, 1000] : [320, 600, 1000];

/** Runs in the page: what is wider than the window, and the texts whose contrast is below that of WCAG AA. */
function inspect() {
  const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = parse(color).map((value) => channel(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backdrop = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = getComputedStyle(each).backgroundColor;
      if (parse(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const contrast = (element) => {
    const [dark, light] = [getComputedStyle(element).color, backdrop(element)].map(luminance).sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const texts = [...document.body.querySelectorAll("*")].filter(
    (element) =>
      element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()),
  );
  return {
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    outside: [...document.body.querySelectorAll("*")].filter(
      (element) => element.getBoundingClientRect().right > window.innerWidth + 0.5,
    ).length,
    cut: [...document.body.querySelectorAll("*")].filter(
      (element) => element.checkVisibility() && element.scrollWidth > element.clientWidth + 1 && element.clientWidth,
    ).length,
    stacked: [...document.querySelectorAll("th")].every(
      (label) => label.getBoundingClientRect().bottom <= label.nextElementSibling.getBoundingClientRect().top,
    ),
    faint: texts.filter((element) => contrast(element) < 4.5).map((element) => element.textContent),
    texts: texts.length,
    background: backdrop(document.body),
    scripts: document.scripts.length,
    links: [...new Set([...document.links].map((link) => link.href))],
    text: document.body.innerText,
  };
}

const browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox", "--disable-gpu"] });
try {
  for (const file of files) {
    for (const colorScheme of ["light", "dark"]) {
      for (const width of WIDTHS) {
        const page = await browser.newPage({ colorScheme, viewport: { width, height: 600 } });
        const requests = [];
        page.on("request", (request) => requests.push(request.url()));
        const address = pathToFileURL(file).href;
        await page.goto(address, { waitUntil: "networkidle" });
        const found = await page.evaluate(inspect);
        const name = basename(file, ".html");
        if (pictures) {
          await page.screenshot({ path: join(pictures, `${name}-${colorScheme}-${width}.png`), fullPage: true });
        }
        console.log(
          JSON.stringify({ name, colorScheme, width, ...found, requests: requests.filter((url) => url !== address) }),
        );
        await page.close();
      }
    }
  }
} finally {
  await browser.close();
}
