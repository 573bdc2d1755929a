Feature: No secret is in the plan or in the state
  For every use of the module. Covers every resource in the plan, including other modules.

  @noskip
  Scenario Outline: No resource has a value for <name>
    Given I have any resource defined
    Then its <name> property must not be [\s\S]+

    Examples:
      | name                 |
      | secret_string        |
      | secret_binary        |
      | client_secret        |
      | ZOOM_CLIENT_SECRET   |
      | ZOOM_CLIENT_ID       |
      | ZOOM_ACCOUNT_ID      |
      | password             |
      | private_key          |
      | secret_access_key    |

  @noskip @case-sensitive
  Scenario Outline: No value anywhere has the form of <form>
    Given I have any resource defined
    Then its value must not match the "[\s\S]*<regex>" regex

    Examples:
      | form                  | regex                                       |
      | a private key         | -----BEGIN [A-Z ]*PRIVATE KEY               |
      | a signed web token    | eyJ[A-Za-z0-9_-]{10,}[.]eyJ[A-Za-z0-9_-]{10,}[.] |
      | Zoom credentials      | client_secret[^A-Za-z0-9]{1,5}[A-Za-z0-9]{16}    |

  # Thirty-two letters of both cases and digits. A plan shows the environment unless it holds the ARN of a new KMS key.
  @noskip @case-sensitive
  Scenario: Nothing in a function's environment has the form of a Zoom client secret
    Given I have aws_lambda_function defined
    When it has environment
    Then it must have environment
    And its value must not match the "(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9]{32}$" regex

  @noskip
  Scenario: Terraform creates no password: it would be in the state
    Given I have any resource defined
    Then its type property must not be (aws_iam_user_login_profile|aws_iam_service_specific_credential)
