import type { PageTexts } from "./en.js";

/** German. */
export const de: PageTexts = {
  reference: "Referenz",
  denyTitle: "Zugriff verweigert",
  denyMessage: "Diese Website nimmt derzeit keine Anfragen von Ihrer Netzwerkadresse an.",
  denyHelp:
    "Falls Sie ein Mensch sind und nichts Unrechtes getan haben: Versuchen Sie es später noch einmal oder schreiben Sie dem Betreiber der Website und geben Sie die unten stehende Referenz an.",
  unavailableTitle: "Gerade nicht verfügbar",
  unavailableMessage:
    "Die Website konnte Ihre Anfrage im Moment nicht prüfen. Bitte versuchen Sie es gleich noch einmal.",
  cookiesTitle: "Cookies werden benötigt",
  cookiesMessage:
    "Diese Website prüft einmalig, ob ein Mensch zu Besuch ist, und merkt sich das in einem Cookie. Ihr Browser hat unser Cookie nicht zurückgesendet.",
  cookiesHelp: "Bitte erlauben Sie Cookies für diese Website und versuchen Sie es dann noch einmal.",
  tryAgain: "Noch einmal versuchen",
  challengeTitle: "Einen Moment bitte",
  challengeMessage:
    "Wir vergewissern uns, dass ein Mensch zu Besuch ist. Das geschieht nur einmal und dauert einen Moment.",
  working: "Ihr Browser wird geprüft…",
  done: "Fertig. Sie werden zur Seite weitergeleitet…",
  slow: "Das dauert länger als üblich.",
  failed: "Das war nicht richtig. Hier ist eine neue Aufgabe.",
  expired: "Die Zeit ist abgelaufen. Hier ist eine neue Aufgabe.",
  unreachable: "Die Prüfung konnte nicht abgeschlossen werden. Bitte versuchen Sie es noch einmal.",
  noscript:
    "Für diese Prüfung wird JavaScript benötigt. Bitte schalten Sie es ein und laden Sie die Seite neu.",
  openTab: "In neuem Tab öffnen",
  framed: "Diese Seite kann nicht innerhalb einer anderen Website geprüft werden.",
  formTooLarge:
    "Ihre Eingaben konnten nicht aufbewahrt werden. Bitte gehen Sie danach zurück und senden Sie sie erneut.",
  captchaLabel: "Geben Sie die Zeichen ein, die Sie sehen",
  captchaImage: "Bild mit Zeichen",
  captchaNew: "Neues Bild",
  captchaHard: "Ich kann das nicht lesen",
  audioLabel: "Geben Sie die Ziffern ein, die Sie hören",
  audioPlay: "Ton abspielen",
  audioNew: "Neue Aufnahme",
  captchaWork: "Stattdessen meinen Browser rechnen lassen",
  submit: "Weiter",
  providerFrame: "Prüfung durch einen externen Dienst",
};
