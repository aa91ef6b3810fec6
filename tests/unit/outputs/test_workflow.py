from loadkit.outputs.workflow import workflow_command


def test_texts_are_escaped_as_the_runner_expects():
    command = workflow_command("error", "50%\r\nnext: a, b", {"file": "a,b:c%.yaml", "line": 3})
    assert command == "::error file=a%2Cb%3Ac%25.yaml,line=3::50%25%0D%0Anext: a, b"
