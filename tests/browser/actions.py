"""What a person does and sees in a browser: wait, look, press."""

import time
from collections.abc import Callable
from typing import TypeVar

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

T = TypeVar("T")

WAIT_SECONDS = 20
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
    return WebDriverWait(browser, WAIT_SECONDS, ignored_exceptions=_MOVING).until(condition)


def text_of(browser: Chrome) -> str:
    """All text that the page shows."""
    return browser.find_element(By.TAG_NAME, "body").text


def shows(browser: Chrome, text: str) -> None:
    """Wait until the page shows `text`."""
    until(browser, lambda b: text in text_of(b))


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
    found = browser.find_elements(By.CSS_SELECTOR, f"#{grid} [role=gridcell][col-id={column}]")
    return [cell.text for cell in found]


def has_settled(browser: Chrome) -> bool:
    """Whether the page shows its title and waits for no request."""
    drawn = browser.find_elements(By.CSS_SELECTOR, "h1")
    return bool(drawn) and not browser.find_elements(By.CSS_SELECTOR, "[data-dash-is-loading=true]")
