"""What a person does and sees in a browser: wait, look, press."""

import re
import time
from collections.abc import Callable
from typing import TypeVar

from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

T = TypeVar("T")

WAIT_SECONDS = 60
LOOK_SECONDS = 0.1
_MOVING = (StopIteration, NoSuchElementException, StaleElementReferenceException)


def wait_for(look: Callable[[], T | None], what: str, seconds: float = 90) -> T:
    """What `look` finds, as soon as it finds something true; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise TimeoutError(f"waited {seconds} s in vain for {what}")


def until(browser: Chrome, condition: Callable[[Chrome], T]) -> T:
    """What `condition` gives once it is truthy."""
    return WebDriverWait(browser, WAIT_SECONDS, LOOK_SECONDS, ignored_exceptions=_MOVING).until(condition)


def texts(browser: Chrome, selector: str) -> list[str]:
    """What the elements of a CSS selector show; a line of each paragraph, as WebElement.text has it.

    By a script, for WebElement.text asks after the style of every element: a second for a page with a table.
    """
    script = "return [...document.querySelectorAll(arguments[0])].map(one => one.innerText)"
    return [
        re.sub(r"\s*\n\s*", "\n", str(text)).replace("\xa0", " ").strip()
        for text in browser.execute_script(script, selector)
    ]


def text_of(browser: Chrome) -> str:
    """All text that the page shows."""
    return "".join(texts(browser, "body"))


def shows(browser: Chrome, text: str) -> None:
    """Wait until the page shows `text`; in vain, it says what the page shows and what its scripts complained of."""
    try:
        until(browser, lambda b: text in text_of(b))
    except TimeoutException:
        complaints = [entry["message"] for entry in browser.get_log("browser")]
        raise AssertionError(
            f"«{text}» is not shown in:\n{text_of(browser)}\nconsole: {complaints}"
        ) from None


def element(browser: Chrome, selector: str) -> WebElement:
    """The element of a CSS selector, once it can be seen."""
    return until(
        browser, lambda b: next(e for e in b.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed())
    )


def press(browser: Chrome, selector: str) -> None:
    """Click an element, moved to the middle first: the header may cover what a person would scroll to."""
    target = element(browser, selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", target)
    target.click()


def cells(browser: Chrome, grid: str, column: str) -> list[str]:
    """Texts of one column of a table, as far as it is drawn."""
    return texts(browser, f"#{grid} [role=gridcell][col-id={column}]")


def has_settled(browser: Chrome) -> bool:
    """Whether the page shows its title and waits for no request."""
    drawn = browser.find_elements(By.CSS_SELECTOR, "h1")
    return bool(drawn) and not browser.find_elements(By.CSS_SELECTOR, "[data-dash-is-loading=true]")
