"""Does the credit rule change how fast a policy learns? Many runs of one small policy, compared over seeds."""
