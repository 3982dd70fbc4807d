/** English: the model that every other language follows. */
export const en = {
  reference: "Reference",
  denyTitle: "Access refused",
  denyMessage: "This site does not accept requests from your network address at the moment.",
  denyHelp:
    "If you are a person and did nothing wrong: try again later, or write to the site's owner and quote the reference below.",
  unavailableTitle: "Not available right now",
  unavailableMessage: "The site could not check your request just now. Please try again in a moment.",
  cookiesTitle: "Cookies are needed",
  cookiesMessage:
    "This site checks once that a person is visiting, and remembers it in a cookie. Your browser did not send our cookie back.",
  cookiesHelp: "Please allow cookies for this site, then try again.",
  tryAgain: "Try again",
  challengeTitle: "One moment",
  challengeMessage: "We are making sure that a person is visiting. This is done once and takes a moment.",
  working: "Checking your browser…",
  done: "Done. Taking you to the page…",
  slow: "This takes longer than usual.",
  failed: "That was not right. Here is a new one.",
  expired: "The time ran out. Here is a new one.",
  unreachable: "The check could not be completed. Please try again.",
  noscript: "JavaScript is needed for this check. Please switch it on and reload the page.",
  openTab: "Open in a new tab",
  framed: "This page cannot be checked inside another site.",
  formTooLarge: "What you sent could not be kept. Please go back and send it again afterwards.",
  captchaLabel: "Type the characters you see",
  captchaImage: "Image with characters",
  captchaNew: "New image",
  captchaHard: "I can't read this",
  audioLabel: "Type the digits you hear",
  audioPlay: "Play the sound",
  audioNew: "New recording",
  captchaWork: "Let my browser do the work instead",
  submit: "Continue",
  providerFrame: "Check by an outside service",
};

/** Every text that our pages show, in one language. */
export type PageTexts = Readonly<Record<keyof typeof en, string>>;
